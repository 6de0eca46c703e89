"""Reads `words.yaml`: words that replace those of a rule, and nothing else of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.text_reader import WORDS, places_of, read_texts
from signpost.rulebook.typed_rule import Rule
from signpost.rulebook.values import Names
from signpost.rulebook.wording import check_texts
from signpost.suggestions import meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node, read

FILE: Final = "words.yaml"


def read_words(folders: Folders, problems: Problems) -> dict[str, Node]:
    """Rule id -> the words that replace its own. Of two folders the later one counts, for each key. Adds all problems
    to `problems`."""
    words: dict[str, Node] = {}
    reader = FieldReader(problems)
    for folder in folders_of(folders):
        file = folder / FILE
        root = read(file, name_of(file, folders), problems) if file.is_file() else None
        for rule_id, node in (reader.members(root, FILE) if root else {}).items():
            members = reader.members(node, f"the words of {rule_id}", WORDS)
            own = Node(members, root.key_position(rule_id) if root else node.position, node.keys)
            words[rule_id] = _over(words[rule_id], own) if rule_id in words else own
    return words


def report_unknown_rules(words: Mapping[str, Node], rules: Iterable[str], problems: Problems) -> None:
    """Report words of rules that do not exist."""
    known = list(rules)
    for rule_id, node in words.items():
        if rule_id not in known and not problems.may_exist(rule_id):
            message = f"{FILE} has words for {rule_id!r}, which is not a rule"
            problems.add("R052", node.position, message, meant(rule_id, known))


def reword(rule: Rule, node: Node, words: Node, problems: Problems) -> Rule:
    """The rule of a node with other words, which are checked like its own."""
    before = len(problems.found)
    own = _over(node, words)
    places = {**rule.places, **places_of(words)}
    reworded = replace(
        rule, texts=read_texts(own, problems), places=places, reworded=tuple(words.value), replaced=rule.texts
    )
    names = Names(rule.about, rule.about, problems, rule.vocabulary, dict(rule.params), audience=rule.audience)
    if len(problems.found) == before:
        check_texts(reworded, own, names)
    if len(problems.found) > before:
        problems.rules.add(rule.id)
    return reworded


def _over(node: Node, words: Node) -> Node:
    return Node({**node.value, **words.value}, words.position, {**(node.keys or {}), **(words.keys or {})})
