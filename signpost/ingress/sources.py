"""The keys of webhook sources: each secret as the scheme of its vendor uses it."""

from functools import lru_cache

from signpost.ingress.vendors import VENDORS
from signpost.suggestions import meant


def source_problem(vendor: str, secrets: tuple[str, ...]) -> str:
    """Why the webhooks of a source cannot be verified, and what to do; "" where they can."""
    if problem := check_vendor(vendor):
        return problem
    try:
        keys_of_source(vendor, secrets)
    except ValueError as error:
        return f"{error}; enter the secret as the vendor shows it"
    return ""


def check_vendor(name: str) -> str:
    """The problem of a vendor's name, "" if its webhooks are understood."""
    return "" if name in VENDORS else f"vendor {name!r} is unknown; {meant(name, VENDORS)}"


@lru_cache(maxsize=1024)
def keys_of_source(vendor: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The keys of a source's secrets. Raises ValueError for one that the vendor's scheme cannot use."""
    return tuple(VENDORS[vendor].scheme.key_of(secret) for secret in secrets)
