"""The folders of a rulebook: the first one, and those that add to it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

Folders: TypeAlias = Path | Sequence[Path]
"""One folder, or several of which each adds rules, sources and fields to those before."""


def folders_of(folders: Folders) -> tuple[Path, ...]:
    """All of them, in order."""
    return (folders,) if isinstance(folders, Path) else tuple(folders)


def files_in(folders: Folders) -> Iterator[Path]:
    """Every YAML file of theirs, in the order in which they are read."""
    for folder in folders_of(folders):
        yield from sorted(folder.glob("*.yaml"))


def name_of(file: Path, folders: Folders) -> str:
    """How problems name a file: in the first folder by its name alone."""
    return file.name if file.parent == folders_of(folders)[0] else str(file)
