"""Reads accepted survivors from `survivors.yaml`: mutants that no timeline can detect, each with its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signpost.authoring.timelines.reader import SURVIVORS_FILE, TimelineError
from signpost.suggestions import meant
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read

KEYS = ("rule", "mutant", "reason")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mutant, by its rule and description, and the reason why it makes no practical difference."""

    rule: str
    mutant: str
    reason: str
    position: Position


def find_accepted(paths: Sequence[Path]) -> list[Accepted]:
    """All entries of the `survivors.yaml` files in the given folders. Raises TimelineError if one is malformed."""
    problems = Problems()
    by_path = {file.resolve(): file for path in paths if path.is_dir() for file in path.rglob(SURVIVORS_FILE)}
    files = sorted(by_path.values())
    accepted = [entry for file in files for entry in _read_file(file, problems)]
    _check_repeats(accepted, problems)
    if problems.found:
        raise TimelineError(problems.found)
    return accepted


def _read_file(file: Path, problems: Problems) -> Iterator[Accepted]:
    root = read(file, str(file), problems)
    if root is None:
        return
    listed = root.value.get("survivors") if isinstance(root.value, dict) and len(root.value) == 1 else None
    if listed is None or not isinstance(listed.value, list):
        problems.add("R006", root.position, f"{SURVIVORS_FILE} is `survivors:` with a list")
        return
    for node in listed.value:
        if _is_entry(node, problems):
            members = {key: node.value[key].value for key in KEYS}
            yield Accepted(**members, position=node.position)


def _is_entry(node: Node, problems: Problems) -> bool:
    if not isinstance(node.value, dict):
        problems.add("R006", node.position, "an entry has a rule, a mutant and a reason")
        return False
    before = len(problems.found)
    for key in node.value:
        if key not in KEYS:
            problems.add("R010", node.key_position(key), f"an entry has no key {key!r}", meant(key, KEYS))
    for key in KEYS:
        value = node.value.get(key)
        if value is None or not isinstance(value.value, str) or not value.value.strip():
            problems.add("R011", node.position, f"{key!r} is missing, or is no text", "say which mutant, and why")
    return len(problems.found) == before


def _check_repeats(accepted: Sequence[Accepted], problems: Problems) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in accepted:
        if (entry.rule, entry.mutant) in seen:
            problems.add("R026", entry.position, f"{entry.mutant} of {entry.rule} stands twice", "keep one")
        seen.add((entry.rule, entry.mutant))
