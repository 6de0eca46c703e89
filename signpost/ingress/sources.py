"""The signing keys of webhook sources, by the signature scheme of the vendor, and the own mappings beside them."""

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from signpost.ingress.signature_schemes import Scheme
from signpost.ingress.vendors import VENDORS, own_files
from signpost.suggestions import meant

log = logging.getLogger("signpost.vendors")


class OwnMappings:
    """The folder of own mappings of this process; see `signpost.tenants.live.SideFiles`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paths(self) -> Iterable[Path]:
        """Return the files as they are now."""
        return own_files(self._folder)

    def read(self) -> None:
        """Read them, and log what is new. Raises nothing."""
        faults, names = VENDORS.faults, VENDORS.own
        VENDORS.read_own(self._folder)
        for file, fault in VENDORS.faults.items():
            if faults.get(file) != fault:
                log.error("mapping file %s is disabled, and every source of its vendor: %s", file, fault)
        if names != VENDORS.own:
            log.info("own mappings in force", extra={"vendors": len(VENDORS.own), "faulty": len(VENDORS.faults)})

    def faulty_file(self, vendor: str) -> str:
        """Return the disabled file of a vendor; "" if there is none."""
        return VENDORS.faulty_file(vendor)

    @property
    def is_faulty(self) -> bool:
        """Whether a file is disabled."""
        return bool(VENDORS.faults)


def source_problem(vendor: str, secrets: tuple[str, ...]) -> str:
    """Return why the webhooks of a source cannot be verified and what to do, or ""."""
    if problem := check_vendor(vendor):
        return problem
    try:
        keys_of_source(vendor, secrets)
    except ValueError as error:
        return f"{error}; enter the secret as the vendor shows it"
    return ""


def check_vendor(name: str) -> str:
    """Return the problem of a vendor's name; "" if there is a mapping for it."""
    if name in VENDORS:
        return ""
    own = f"; own mappings are read from {VENDORS.folder}" if VENDORS.folder else ""
    return VENDORS.fault_of(name) or f"vendor {name!r} is unknown; {meant(name, VENDORS)}{own}"


def keys_of_source(vendor: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the keys of a source's secrets. Raises ValueError for a secret that the vendor's scheme cannot use."""
    return keys_of(VENDORS[vendor].scheme, secrets)


@lru_cache(maxsize=1024)
def keys_of(scheme: Scheme, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the keys of secrets. Raises ValueError for a secret that the scheme cannot use."""
    return tuple(scheme.key_of(secret) for secret in secrets)
