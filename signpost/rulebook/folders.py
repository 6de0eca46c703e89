"""The folders of a rulebook: the base folder and its overlays. Reads no file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

OTHER_FILES = ("sources.yaml", "fields.yaml", "life.yaml", "acts.yaml", "agenda.yaml", "articles.yaml", "words.yaml")
"""The files of a rulebook that contain no rules."""
ADDED = "ours:DIR"
"""How a command names the shipped rules with a folder added."""
Folders: TypeAlias = Path | Sequence[Path]
"""One folder, or several; each adds rules, sources and fields to those before it."""


def folders_of(folders: Folders) -> tuple[Path, ...]:
    """The folders as a tuple, in order."""
    return (folders,) if isinstance(folders, Path) else tuple(folders)


def files_in(folders: Folders) -> Iterator[Path]:
    """The YAML files of all folders, in reading order."""
    for folder in folders_of(folders):
        yield from sorted(folder.glob("*.yaml"))


def is_topic(file: Path) -> bool:
    """Whether a YAML file of a rulebook contains rules."""
    return file.name not in OTHER_FILES


def name_of(file: Path, folders: Folders) -> str:
    """How problems name a file: by its name in the first folder, otherwise by its path."""
    return file.name if file.parent == folders_of(folders)[0] else str(file)
