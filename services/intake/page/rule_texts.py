"""Finds the text of a rule in the files of a rulebook, and takes it out. Writes nothing."""

from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

from signpost.regular_files import read_regular
from signpost.rulebook.folders import Folders, files_in, is_topic
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import MAX_BYTES, parse


def find_text(folders: Folders, rule: str) -> tuple[Path, str] | None:
    """The file of a rule and the lines of it there; None if no file has it."""
    for path in files_in(folders):
        if is_topic(path):
            text = read_regular(path, MAX_BYTES).decode()
            for start, end in _places(text, rule):
                return path, text[start:end].rstrip() + "\n"
    return None


def without_rules(text: str, rules: Collection[str]) -> str:
    """The text of a file without some rules."""
    for rule in rules:
        for start, end in reversed(list(_places(text, rule))):
            text = text[:start] + text[end:]
    return text


def rules_in(text: str) -> list[str]:
    """The ids of the rules in a text; none if it cannot be read, which the loader explains better."""
    root = parse(text.encode(errors="replace"), "", Problems())
    return list(root.value) if root is not None and isinstance(root.value, dict) else []


def _places(text: str, rule: str) -> Iterator[tuple[int, int]]:
    """Where a rule begins and the next one does, as indexes of characters."""
    if f"\n{rule}:" not in f"\n{text}":
        return  # most files, and reading them takes long
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return
    starts = [key.start_mark.index for key, _ in root.value] + [len(text)]
    for number, (key, _) in enumerate(root.value):
        if key.value == rule:
            yield starts[number], starts[number + 1]
