"""The keys of webhook sources: each secret as the scheme of its vendor uses it."""

from functools import lru_cache

from signpost.errors import CallerError
from signpost.ingress.vendors import VENDORS
from signpost.suggestions import meant
from signpost.tenants.model import Source, Tenants


class BadSource(CallerError):
    """A source names an unknown vendor, or has a secret that its scheme cannot use."""


def check_sources(tenants: Tenants) -> None:
    """Raises BadSource naming every source that could verify nothing, before the first webhook arrives."""
    found = {name: _problem(source) for name, source in tenants.sources.items()}
    if any(found.values()):
        raise BadSource("\n".join(f"source {name}: {problem}" for name, problem in found.items() if problem))


def check_vendor(name: str) -> str:
    """The problem of a vendor's name, "" if its webhooks are understood."""
    return "" if name in VENDORS else f"vendor {name!r} is unknown; {meant(name, VENDORS)}"


def _problem(source: Source) -> str:
    if problem := check_vendor(source.vendor):
        return problem
    try:
        keys_of_source(source.vendor, source.secrets)
    except ValueError as error:
        return str(error)
    return ""


@lru_cache(maxsize=1024)
def keys_of_source(vendor: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The keys of a source's secrets. Raises ValueError for one that the vendor's scheme cannot use."""
    return tuple(VENDORS[vendor].scheme.key_of(secret) for secret in secrets)
