"""The signing keys of webhook sources, by the signature scheme of the vendor."""

from functools import lru_cache

from signpost.ingress.vendors import VENDORS
from signpost.suggestions import meant


def source_problem(vendor: str, secrets: tuple[str, ...]) -> str:
    """Return why the webhooks of a source cannot be verified and what to do, or ""."""
    if problem := check_vendor(vendor):
        return f"{problem}; if its mapping file is new, restart the intake"
    try:
        keys_of_source(vendor, secrets)
    except ValueError as error:
        return f"{error}; enter the secret as the vendor shows it"
    return ""


def check_vendor(name: str) -> str:
    """Return the problem of a vendor's name; "" if there is a mapping for it."""
    return "" if name in VENDORS else f"vendor {name!r} is unknown; {meant(name, VENDORS)}"


@lru_cache(maxsize=1024)
def keys_of_source(vendor: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the keys of a source's secrets. Raises ValueError for a secret that the vendor's scheme cannot use."""
    return tuple(VENDORS[vendor].scheme.key_of(secret) for secret in secrets)
