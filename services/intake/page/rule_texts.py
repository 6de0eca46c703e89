"""Finds the text of a rule in the files of a rulebook, and puts another in its place. Writes nothing."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from signpost.regular_files import read_regular
from signpost.rulebook.folders import Folders, files_in, is_topic
from signpost.yaml_files.reader import MAX_BYTES


def find_text(folders: Folders, rule: str) -> tuple[Path, str] | None:
    """The file of a rule and the lines of it there; None if no file has it."""
    for path in files_in(folders):
        if is_topic(path):
            text = read_regular(path, MAX_BYTES).decode()
            for start, end in _places(text, rule):
                return path, text[start:end].rstrip() + "\n"
    return None


def replace_text(text: str, rule: str, other: str) -> str:
    """The text of a file with another rule, or none, in the place of a rule; unchanged if it has no such rule."""
    for start, end in _places(text, rule):
        return f"{text[:start]}{other.rstrip()}\n\n{text[end:]}" if other else text[:start] + text[end:]
    return text


def _places(text: str, rule: str) -> Iterator[tuple[int, int]]:
    """Where a rule begins and the next one does, as indexes of characters."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return
    starts = [key.start_mark.index for key, _ in root.value] + [len(text)]
    for number, (key, _) in enumerate(root.value):
        if key.value == rule:
            yield starts[number], starts[number + 1]
