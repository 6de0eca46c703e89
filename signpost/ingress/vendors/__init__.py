"""The vendors with a mapping file in this folder, loaded on demand, and those of the operator's own folder. No code for
a single vendor.

To add a vendor with a known signature scheme, add its mapping file to the own folder and its samples under
`samples/NAME/` there.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from signpost.errors import CallerError
from signpost.ingress.mapping import Vendor
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.signing import sign
from signpost.tenants.reader import NAME

__all__ = ["FOLDER", "VENDORS", "Vendor", "sign"]

FOLDER: Final = Path(__file__).parent
MAX_TOLD: Final = 3
"""Problems of a faulty file that one text repeats; `signpost sources check` tells all."""


class Vendors(Mapping[str, Vendor]):
    """Name -> vendor; a shipped file is read on first access, own files by `read_own`. Safe between threads.

    A faulty own file is no vendor: `faults` says why, and all others work.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
        self._load = cache(load_mapping)
        self.folder: Path | None = None
        """The folder of own mappings."""
        self.faults: Mapping[str, str] = {}
        """Own file -> why it is no vendor."""
        self._own: Mapping[str, Vendor] = {}

    def read_own(self, folder: Path | None) -> None:
        """Read the own mappings in a folder again; a folder that does not exist has none. Raises nothing."""
        own: dict[str, Vendor] = {}
        faults: dict[str, str] = {}
        for file in own_files(folder):
            try:
                own[file.stem] = self._read(file)
            except CallerError as error:
                faults[str(file)] = _shortened(str(error))
            except Exception as error:
                # The process and all other vendors go on, no matter what a file contains
                faults[str(file)] = f"{type(error).__name__}: {error}"
        self.folder, self._own, self.faults = folder, own, faults

    def faulty_file(self, name: str) -> str:
        """Return the own file of a vendor if it is faulty; "" if there is none, or it is in order."""
        return next((file for file in self.faults if Path(file).stem == name and name not in self._files), "")

    def fault_of(self, name: str) -> str:
        """Return why the own file of a vendor is faulty; "" if there is none, or it is in order."""
        file = self.faulty_file(name)
        return f"its mapping file is faulty: {self.faults[file]}" if file else ""

    @property
    def own(self) -> frozenset[str]:
        """The names of the vendors with an own mapping."""
        return frozenset(self._own)

    def name_problem(self, file_name: str) -> str:
        """Return why no own mapping can be in a file of this name; "" if one can."""
        name, _, suffix = file_name.rpartition(".")
        if name in self._files:
            return f"{name} is a vendor that comes with Signpost; rename the file"
        if suffix != "yaml" or not NAME.fullmatch(name):
            return "the name of a mapping file is NAME.yaml, of lower-case letters, digits and hyphens"
        return ""

    def _read(self, file: Path) -> Vendor:
        if problem := self.name_problem(file.name):
            raise CannotUse(problem)
        return load_mapping(file, with_samples=False)

    def __getitem__(self, name: str) -> Vendor:
        own = self._own.get(name)
        return self._load(self._files[name]) if own is None else own

    def __iter__(self) -> Iterator[str]:
        return iter(sorted((*self._files, *self._own)))

    def __len__(self) -> int:
        return len(self._files) + len(self._own)

    def __contains__(self, name: object) -> bool:
        return name in self._files or name in self._own


class CannotUse(CallerError):
    """A file in the folder of own mappings that is no mapping."""


def own_files(folder: Path | None) -> list[Path]:
    """Return the own mapping files; without those that editors and deployments hide."""
    found: Iterable[Path] = () if folder is None else folder.glob("*.y*ml")
    return sorted(file for file in found if file.suffix in (".yaml", ".yml") and not file.name.startswith("."))


def _shortened(text: str) -> str:
    lines = text.splitlines()
    more = f" (and {len(lines) - MAX_TOLD} more)" if len(lines) > MAX_TOLD else ""
    return "; ".join(lines[:MAX_TOLD]) + more


VENDORS: Final = Vendors(FOLDER)
"""Name -> vendor. Access raises KeyError for an unknown name and MappingError for an invalid shipped file."""
