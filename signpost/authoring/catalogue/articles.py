"""The page of the articles: what each advises, and the rules that cover it. Reads `articles.yaml` of a rulebook."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signpost.rulebook.rulebook import Rulebook
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import FileError, Problems
from signpost.yaml_files.reader import Node, read

FILE = "articles.yaml"
KEYS = ("advice", "rules", "left_out")


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice of an article: the ids of the rules that cover it, or the reason why none does."""

    text: str
    rules: tuple[str, ...]
    left_out: str


def advice_by_article(folder: Path, rulebook: Rulebook) -> dict[str, list[Advice]]:
    """Article id -> its advice; empty without the file.

    Raises FileError if it names unknown rules, or gives neither rules nor a reason.
    """
    problems = Problems()
    root = read(folder / FILE, FILE, problems) if (folder / FILE).is_file() else None
    if root is None and not problems.found:
        return {}
    found = dict(_articles(root, problems, rulebook)) if root is not None else {}
    if problems.found:
        raise FileError(problems.found)
    return found


def _articles(root: Node, problems: Problems, rulebook: Rulebook) -> Iterator[tuple[str, list[Advice]]]:
    reader = FieldReader(problems)
    for article, listed in reader.members(root, FILE).items():
        entries = listed.value if isinstance(listed.value, list) else []
        yield article, [_advice(entry, reader, rulebook) for entry in entries]


def _advice(node: Node, reader: FieldReader, rulebook: Rulebook) -> Advice:
    members = reader.members(node, "advice of an article", KEYS, ("advice",))
    rules = reader.texts(members.get("rules"), "rules")
    for rule in set(rules) - set(rulebook.rules):
        reader.problems.add("R023", node.position, f"there is no rule {rule!r}")
    advice = Advice(
        reader.text(members.get("advice"), "advice"), rules, reader.text(members.get("left_out"), "left_out")
    )
    if bool(advice.rules) == bool(advice.left_out):
        reader.problems.add("R011", node.position, "advice of an article must have either `rules` or `left_out`")
    return advice
