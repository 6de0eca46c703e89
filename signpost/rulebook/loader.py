"""Loading: a folder of YAML files into a rulebook, every problem of every file in one pass."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from signpost.rulebook.analysis.barrier import check_barriers
from signpost.rulebook.checks import check_rulebook
from signpost.rulebook.rule import RULE_ID, RuleReader
from signpost.rulebook.rulebook import Rulebook, RulebookError
from signpost.rulebook.sources import FILE, Sources, read_sources
from signpost.rulebook.terms import Rule
from signpost.suggestions import meant
from signpost.yaml_files.problems import Position, Problems, in_folder
from signpost.yaml_files.reader import Node, read

Params: TypeAlias = Mapping[str, Mapping[str, Any]]


def load(folder: Path, params: Params | None = None) -> Rulebook:
    """The rulebook in a folder: `sources.yaml` and one file per topic. `params`: rule id -> parameter -> value, as
    a tenant sets them.

    Raises RulebookError with every problem found.
    """
    problems = Problems()
    rulebook = _load(folder, params or {}, problems)
    if problems.found:
        raise RulebookError(in_folder(problems.found, folder))
    return rulebook


def find_problems(folder: Path, params: Params | None = None) -> tuple[Rulebook, Problems]:
    """As `load`, for tools that go on: whatever could be read, and every problem."""
    problems = Problems()
    return _load(folder, params or {}, problems), problems


def _load(folder: Path, params: Params, problems: Problems) -> Rulebook:
    files = sorted(path for path in folder.glob("*.yaml")) if folder.is_dir() else []
    topics = [path for path in files if path.name != FILE]
    if not topics:
        problems.add(
            "R002", Position(str(folder), 1, 1), "no rule file is here", "give a folder with one .yaml file per topic"
        )
    sources = (
        read_sources(read(folder / FILE, FILE, problems), problems)
        if folder / FILE in files
        else _no_sources(folder, problems)
    )
    rules: dict[str, Rule] = {}
    for path in topics:
        root = read(path, path.name, problems)
        if root is not None:
            _read_file(path.stem, root, RuleReader(path.stem, sources, problems, params), rules)
    for rule_id in sorted(one for one in set(params) - set(rules) if not problems.may_exist(one)):
        problems.add(
            "R052",
            Position(str(folder), 1, 1),
            f"parameters are set for {rule_id!r}, which is no rule",
            meant(rule_id, rules),
        )
    rulebook = Rulebook(dict(sorted(rules.items())), _version(files, params))
    check_rulebook(rulebook, problems)
    check_barriers(rulebook, problems)
    return rulebook


def _no_sources(folder: Path, problems: Problems) -> Sources:
    problems.add(
        "R002", Position(str(folder), 1, 1), f"{FILE} is missing", "it declares the articles and norms that rules name"
    )
    return Sources(unread=True)


def _read_file(topic: str, root: Node, reader: RuleReader, rules: dict[str, Rule]) -> None:
    if not isinstance(root.value, dict):
        reader.problems.add("R006", root.position, "a rule file is a mapping of rule ids to rules")
        return
    for rule_id, node in root.value.items():
        where = root.key_position(rule_id)
        if not RULE_ID.fullmatch(rule_id):
            reader.problems.add(
                "R012", where, f"{rule_id!r} is no rule id", "use words with hyphens, like ask-response-deadline"
            )
        if rule_id in rules:
            reader.problems.add("R012", where, f"the rule {rule_id} stands already at {rules[rule_id].position}")
        before = len(reader.problems.found)
        rule = reader.read(rule_id, node)
        if len(reader.problems.found) > before:
            reader.problems.rules.add(rule_id)
        if rule is not None:
            rules.setdefault(rule_id, rule)


def _version(files: list[Path], params: Params) -> str:
    digest = hashlib.sha256()
    for path in filter(Path.is_file, files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(orjson.dumps(params, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()[:12]
