"""Checks `sources.yaml` for norms with an old review date, and for unused articles and norms."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.sources import FILE, NORM_KEYS, review_day
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read

MAX_AGE = 365
"""Days after which a norm needs a new review."""


def check_sources(folders: Folders, rulebook: Rulebook, today: date, max_age: int, problems: Problems) -> None:
    """Warn of reviews in the future, of reviews more than `max_age` days old, and of unused articles and norms; the
    last only if there are no problems so far, so that all rules are known."""
    broken = bool(problems.found)
    for folder in folders_of(folders):
        sections = _sections(folder / FILE, folders)
        norms = sections["norms"].value if "norms" in sections else {}
        for name, norm in norms.items():
            if isinstance(norm.value, dict) and set(norm.value) == NORM_KEYS:
                _check_review(name, norm, today, max_age, problems)
        for section, name, where in () if broken else _unused(sections, rulebook):
            problems.add("R017", where, f"no rule uses the {section} {name}", "remove it, or use it in a rule")


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
        problems.add("R018", where, f"the review date of the norm {name}, {day}, is in the future", "correct the date")
    elif (today - day).days > max_age:
        message = f"the norm {name} was last reviewed on {day}, more than {max_age} days ago"
        problems.add("R016", where, message, "check its source again and update the date")


def _unused(sections: dict[str, Node], rulebook: Rulebook) -> Iterator[tuple[str, str, Position]]:
    sources = [rule.source for rule in rulebook.rules.values()]
    used = {"articles": {source.article for source in sources}}
    used["norms"] = {str(norm["id"]) for source in sources for norm in source.norms}
    for section in (section for section in used if section in sections):
        for name in sections[section].value:
            if name not in used[section]:
                yield section.removesuffix("s"), name, sections[section].key_position(name)
