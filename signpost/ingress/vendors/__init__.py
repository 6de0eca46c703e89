"""The vendors with a mapping file in this folder, loaded on demand. No code for a single vendor.

To add a vendor with a known signature scheme, add its mapping file here and its samples under `samples/NAME/`.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from signpost.ingress.mapping import Vendor
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.signing import sign

__all__ = ["FOLDER", "VENDORS", "Vendor", "sign"]

FOLDER: Final = Path(__file__).parent


class _Vendors(Mapping[str, Vendor]):
    """Name -> vendor; a file is read on first access."""

    def __init__(self, folder: Path) -> None:
        self._files = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
        self._load = cache(load_mapping)

    def __getitem__(self, name: str) -> Vendor:
        return self._load(self._files[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files


VENDORS: Final[Mapping[str, Vendor]] = _Vendors(FOLDER)
"""Name -> vendor. Access raises KeyError for an unknown name and MappingError for an invalid file."""
