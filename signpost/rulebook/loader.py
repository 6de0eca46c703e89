"""Loads folders of YAML files into a rulebook and reports the problems of all files in one pass."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson

from signpost.regular_files import read_regular
from signpost.rulebook.acts import read_acts
from signpost.rulebook.analysis.barrier import check_barriers
from signpost.rulebook.cards import check_card_keys, read_agenda
from signpost.rulebook.checks import check_rulebook
from signpost.rulebook.folders import OTHER_FILES, Folders, files_in, folders_of, is_topic, name_of
from signpost.rulebook.life import NAME as LIFE
from signpost.rulebook.life import read_life
from signpost.rulebook.own_fields import read_own_fields
from signpost.rulebook.own_words import FILE as WORDS
from signpost.rulebook.own_words import read_words, report_unknown_rules, reword
from signpost.rulebook.policy import NAME as AGENDA
from signpost.rulebook.rule import RULE_ID, RuleReader
from signpost.rulebook.rulebook import Rulebook, RulebookError
from signpost.rulebook.sources import FILE, Sources, read_sources
from signpost.rulebook.strays import Stray, report_strays, rules_below
from signpost.rulebook.typed_rule import Rule
from signpost.suggestions import meant
from signpost.yaml_files.problems import Position, Problems, in_folder
from signpost.yaml_files.reader import MAX_BYTES, Node, parse, read, read_bytes

_CAMEL_CASE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Params: TypeAlias = Mapping[str, Mapping[str, Any]]


def load(folders: Folders, params: Params | None = None) -> Rulebook:
    """The rulebook in a folder: `sources.yaml`, optionally `fields.yaml`, `life.yaml`, `acts.yaml`, `agenda.yaml` and
    `words.yaml`, and one file per topic. Further folders add to the first. `params`: rule id, `life` or `agenda` ->
    parameter -> value, as a tenant sets them.

    Raises RulebookError with all problems.
    """
    problems = Problems()
    rulebook = _load(folders, params or {}, problems)
    if problems.found:
        raise RulebookError(in_folder(problems.found, folders_of(folders)[0]))
    return rulebook


def find_problems(folders: Folders, params: Params | None = None) -> tuple[Rulebook, Problems]:
    """As `load`, for tools that continue after problems: the readable part of the rulebook, and all problems."""
    problems = Problems()
    return _load(folders, params or {}, problems), problems


def _load(folders: Folders, params: Params, problems: Problems) -> Rulebook:
    files = list(files_in(folders))
    here = Position(str(folders_of(folders)[0]), 1, 1)
    strays = report_strays(folders, problems)
    for folder in folders_of(folders):
        if not any(stray.path.parent == folder for stray in strays):
            _check_folder(folder, folders_of(folders)[0], files, problems)
    vocabulary = replace(read_own_fields(folders, problems), life=read_life(folders, params.get(LIFE, {}), problems))
    acts = read_acts(folders, problems)
    cards, policy = read_agenda(folders, acts, params.get(AGENDA, {}), problems)
    sources = _read_sources(files, folders, strays, problems)
    words = read_words(folders, problems)
    rules: dict[str, Rule] = {}
    for path in (one for one in files if is_topic(one) and one not in {stray.path for stray in strays}):
        root = _read_topic(path, name_of(path, folders), problems)
        if root is not None:
            reader = RuleReader(path.stem, sources, problems, params, vocabulary, acts)
            _read_file(path, root, reader, words, rules, folders_of(folders)[0])
    report_unknown_rules(words, rules, problems)
    for rule_id in sorted(name for name in set(params) - {*rules, LIFE, AGENDA} if not problems.may_exist(name)):
        message = f"parameters are set for {rule_id!r}, which is not a rule"
        problems.add("R052", here, message, meant(rule_id, rules))
    rulebook = Rulebook(dict(sorted(rules.items())), _version(files, params), cards, policy)
    check_rulebook(rulebook, problems)
    check_barriers(rulebook, problems)
    check_card_keys(rulebook, problems)
    return rulebook


def _check_folder(folder: Path, first: Path, files: Iterable[Path], problems: Problems) -> None:
    """The first folder must hold rules; one that adds to it may hold fields or sources alone."""
    names = {path.name for path in files if path.parent == folder}
    if not names or (folder == first and not names - set(OTHER_FILES)):
        fault = "the folder has no rule files" if folder.is_dir() else "there is no such folder"
        below = rules_below(folder)
        ours = "" if folder == first else "ours:"
        hint = f"did you mean {ours}{below}?" if below else "give a folder with one .yaml file per topic"
        problems.add("R002", Position(str(folder), 1, 1), fault, hint)


def _read_sources(files: Iterable[Path], folders: Folders, strays: Iterable[Stray], problems: Problems) -> Sources:
    misnamed = any(stray.kind == FILE for stray in strays)
    sources, files_found = Sources(broken=misnamed), [path for path in files if path.name == FILE]
    for path in files_found:
        read_sources(read(path, name_of(path, folders), problems), problems, sources)
    if not files_found and rules_below(folders_of(folders)[0]):
        sources.broken = True  # the folder itself is reported
    elif not files_found and not misnamed:
        where = Position(str(folders_of(folders)[0]), 1, 1)
        add = (
            f"; if the folder adds to the shipped rules, name ours:{where.file}"
            if len(folders_of(folders)) == 1
            else ""
        )
        problems.add("R002", where, f"{FILE} is missing", f"it declares the articles and norms that rules use{add}")
        sources.broken = True
    return sources


def _read_topic(path: Path, name: str, problems: Problems) -> Node | None:
    data = read_bytes(path, name, problems)
    return None if data is None else _faultless(data, name) or parse(data, name, problems)


@lru_cache(maxsize=64)
def _faultless(data: bytes, name: str) -> Node | None:
    """The document, which nobody changes; None with any problem. Each tenant with parameters of its own loads the same
    files, and reading them is almost half of that."""
    problems = Problems()
    root = parse(data, name, problems)
    return None if problems.found else root


def _read_file(
    path: Path, root: Node, reader: RuleReader, words: Mapping[str, Node], rules: dict[str, Rule], first: Path
) -> None:
    if not isinstance(root.value, dict):
        reader.problems.add("R006", root.position, "a rule file is a mapping of rule ids to rules")
        return
    for name, node in root.value.items():
        where, rule_id = root.key_position(name), _as_rule_id(name)
        if not RULE_ID.fullmatch(name):
            example = rule_id if rule_id != name else "ask-response-deadline"
            reader.problems.add("R012", where, f"{name!r} is not a rule id", f"use words with hyphens, like {example}")
            reader.problems.rules.update((name, rule_id))
        if rule_id in rules:
            there = rules[rule_id].position.below(first)
            hint = "" if path.parent == first else f"to change its words, write them into {WORDS} of this folder"
            reader.problems.add("R012", where, f"the rule {rule_id} stands already at {there}", hint)
            continue
        before = len(reader.problems.found)
        rule = reader.read(rule_id, node)
        if len(reader.problems.found) > before:
            reader.problems.rules.add(rule_id)
        elif rule is not None and rule_id in words:
            rule = reword(rule, node, words[rule_id], reader.problems)
        if rule is not None:
            rules.setdefault(rule_id, rule)


def _as_rule_id(name: str) -> str:
    """The rule id that a name is meant to be, which timelines may use: `AskDeadline` or `ask_deadline` ->
    `ask-deadline`; the name itself where none can be told."""
    meant_id = re.sub(r"[^a-z0-9.]+", "-", _CAMEL_CASE.sub("-", name).lower()).strip("-")
    return name if RULE_ID.fullmatch(name) or not RULE_ID.fullmatch(meant_id) else meant_id


def _version(files: list[Path], params: Params) -> str:
    digest = hashlib.sha256()
    for path in files:
        with suppress(OSError):  # reported when it was read
            digest.update(path.name.encode() + b"\0" + read_regular(path, MAX_BYTES) + b"\0")
    digest.update(orjson.dumps(params, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()[:12]
