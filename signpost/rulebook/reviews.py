"""Checks of what stands in `sources.yaml`: norms that nobody has looked up for long, and what no rule names."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.sources import FILE, NORM_KEYS, review_day
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read

MAX_AGE = 365
"""Days after which a norm should be looked up again."""


def check_sources(folders: Folders, rulebook: Rulebook, today: date, max_age: int, problems: Problems) -> None:
    """Warn of reviews in the future, of reviews more than `max_age` days old, and of what no rule names; the last only
    where no problem was found before, so that every rule is known."""
    broken = bool(problems.found)
    for folder in folders_of(folders):
        sections = _sections(folder / FILE, folders)
        norms = sections["norms"].value if "norms" in sections else {}
        for name, norm in norms.items():
            if isinstance(norm.value, dict) and set(norm.value) == NORM_KEYS:
                _check_review(name, norm, today, max_age, problems)
        for what, name, where in () if broken else _unused(sections, rulebook):
            problems.add("R017", where, f"no rule names the {what} {name}", "remove it, or name it where it is used")


def _sections(file: Path, folders: Folders) -> dict[str, Node]:
    root = read(file, name_of(file, folders), Problems()) if file.is_file() else None
    if root is None or not isinstance(root.value, dict):
        return {}
    return {key: node for key, node in root.value.items() if isinstance(node.value, dict)}


def _check_review(name: str, norm: Node, today: date, max_age: int, problems: Problems) -> None:
    day, where = review_day(norm), norm.value["reviewed"].position
    if day is None:
        return
    if day > today:
        problems.add("R018", where, f"the norm {name} was reviewed on {day}, which is still to come", "correct the day")
    elif (today - day).days > max_age:
        message = f"the norm {name} was last reviewed on {day}, more than {max_age} days ago"
        problems.add("R016", where, message, "look its source up again, and write the day here")


def _unused(sections: dict[str, Node], rulebook: Rulebook) -> Iterator[tuple[str, str, Position]]:
    sources = [rule.source for rule in rulebook.rules.values()]
    used = {"articles": {source.article for source in sources}}
    used["norms"] = {str(norm["id"]) for source in sources for norm in source.norms}
    for section in (section for section in used if section in sections):
        for name in sections[section].value:
            if name not in used[section]:
                yield section.removesuffix("s"), name, sections[section].key_position(name)
