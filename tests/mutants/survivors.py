"""The survivors that are explained, and what is wrong with their list."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from tests.mutants.mutants import Mutant

FILE: Final = Path(__file__).with_name("survivors.yaml")
Key: TypeAlias = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Survivor:
    """One explained mutant."""

    key: Key
    why: str


def load_survivors(file: Path = FILE) -> list[Survivor]:
    """Read the list: `{module: {within: [{from, to, number?, why}]}}`."""
    document: dict[str, dict[str, list[dict[str, Any]]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        Survivor((module, within, one["from"], one["to"], one.get("number", 1)), one["why"])
        for module, places in document.items()
        for within, entries in places.items()
        for one in entries
    ]


def stale(survivors: Collection[Survivor], mutants: Collection[Mutant]) -> list[str]:
    """One line for each entry that names no mutant of the code as it is."""
    known = {mutant.key for mutant in mutants}
    return [
        f"{survivor.key[0]}, {survivor.key[1]}: no code {survivor.key[2]!r} that becomes {survivor.key[3]!r}"
        for survivor in survivors
        if survivor.key not in known
    ]
