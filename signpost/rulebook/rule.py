"""Reads one rule of a file: checks its keys and returns a typed rule."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signpost.facts.vocabulary import Vocabulary
from signpost.names import AUDIENCES, SUBJECTS
from signpost.rulebook.acts import Acts
from signpost.rulebook.conditions import RESERVED, parse_condition
from signpost.rulebook.ends import with_life
from signpost.rulebook.implied import read_implied
from signpost.rulebook.levels import read_levels
from signpost.rulebook.sources import Sources
from signpost.rulebook.templates import names_in
from signpost.rulebook.terms import Moment, is_timed
from signpost.rulebook.text_reader import RULE_KEYS, places_of, read_strings, read_text, read_texts, read_word
from signpost.rulebook.typed_rule import Choice, Defined, Rule
from signpost.rulebook.values import Names, is_number, parse_duration
from signpost.rulebook.wording import check_texts
from signpost.suggestions import IS_MISSING, is_misspelt, meant, nearest, stand_in
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node

ATTACHMENTS = ("comparison",)
REQUIRED = ("about", "source", "when", "priority", "title", "message")
OPTIONAL = ("audience", "act", "norms", "params", "define", "valid", "lasting", "due", "steps", "drafts", "attaches")
ON_CARDS = ("item", "opening", "question", "point", "weight")
"""Its part of a card that joins several recommendations."""
KEYS = (*REQUIRED, *OPTIONAL, *ON_CARDS, "implies", "done_since", *RULE_KEYS)
NAMING = ("params", "define")
"""Keys whose members the rest of a rule names; they are read even if the key is misspelt."""
RULE_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z][a-z0-9-]*)?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_POINT_HINT = "use lower-case letters, like pay"
_VALID = re.compile(r"for (.+ after .+)")


@dataclass(slots=True)
class RuleReader:
    """Reads the rules of one file; `overrides` are a tenant's parameters."""

    topic: str
    sources: Sources
    problems: Problems
    overrides: Mapping[str, Mapping[str, Any]]
    vocabulary: Vocabulary
    acts: Acts = field(default_factory=Acts)

    def read(self, rule_id: str, node: Node) -> Rule | None:
        """The typed rule; None if a required key is missing or invalid."""
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, f"the rule {rule_id} must be a mapping of keys")
            return None
        if node.value and all(key not in KEYS and "about" in _members(one) for key, one in node.value.items()):
            hint = "write the id of each rule at the beginning of a line"
            self.problems.add("R006", node.position, f"{rule_id} holds rules, which belong one level higher", hint)
            self.problems.rules.update(node.value)
            return None
        self._check_keys(rule_id, node)
        about = read_word(node, "about", SUBJECTS, self.problems)
        if about is None or any(key not in node.value for key in REQUIRED):
            return None
        audience = read_word(node, "audience", AUDIENCES, self.problems) or "candidate"
        names = Names(about, about, self.problems, self.vocabulary, self._params(rule_id, node), audience=audience)
        names.broken |= self.problems.fields
        block = node.value.get("params")
        names.params_at = {
            name: value.position for name, value in (block.value if block and names.params else {}).items()
        }
        return self._build(rule_id, about, node, names)

    def _build(self, rule_id: str, about: str, node: Node, names: Names) -> Rule:
        before = len(self.problems.found)
        defined = self._defined(node, names)
        when = parse_condition(node.value["when"], names)
        lasting = read_text(node.value["lasting"], self.problems) if "lasting" in node.value else None
        rule = Rule(
            id=rule_id,
            topic=self.topic,
            audience=names.audience,
            about=about,
            source=self.sources.source(node, self.problems),
            when=when if lasting else with_life(when, about, names, node.position),
            levels=read_levels(node.value["priority"], when, names),
            texts=read_texts(node, self.problems),
            position=node.position,
            valid=self._valid(node, names),
            due=self._due(node, names),
            defined=defined,
            suppresses=tuple(read_strings(node, "suppresses", self.problems)),
            opposes=tuple(read_strings(node, "opposes", self.problems)),
            attaches=read_word(node, "attaches", ATTACHMENTS, self.problems),
            act=self.acts.of(node, self.problems),
            weight=self._weight(node),
            point=self._point(node),
            implies=read_implied(node, about, self.problems),
            done_since=read_word(node, "done_since", self._instants(about, names.audience), self.problems),
            lasting=lasting,
            params=names.params,
            places=places_of(node),
            vocabulary=self.vocabulary,
        )
        check_texts(rule, node, names)
        if len(self.problems.found) == before and not names.broken:  # else a parameter may belong where the problem is
            self._check_params(rule, node, names)
        return rule

    def _check_keys(self, rule_id: str, node: Node) -> None:
        stands_for = stand_in(node.value, KEYS, REQUIRED)
        hints = {key: meant(key, KEYS) for key in node.value if key not in KEYS}
        hints |= {key: IS_MISSING.format(name) for key, name in stands_for.items()}
        for key, hint in hints.items():
            self.problems.add("R010", node.key_position(key), f"a rule has no key {key!r}", hint)
            if (meant_key := nearest(key, KEYS)) in NAMING and meant_key not in node.value:
                node.value[meant_key] = node.value.pop(key)
        for key in REQUIRED:
            if key not in (*node.value, *stands_for.values()) and not is_misspelt(key, hints, KEYS):
                self.problems.add("R011", node.position, f"the rule {rule_id} has no {key!r}")

    def _instants(self, about: str, audience: str) -> tuple[str, ...]:
        """The instants of a subject that an audience knows."""
        fields = self.vocabulary[about].values()
        return tuple(
            one.name for one in fields if one.type == "instant" and not (one.private and audience == "employer")
        )

    def _weight(self, node: Node) -> float:
        value = node.value["weight"].plain() if "weight" in node.value else 0
        if is_number(value) and math.isfinite(value):
            return float(value)
        self.problems.add("R021", node.value["weight"].position, f"the weight is {value!r}, not a number", "write 10")
        return 0

    def _point(self, node: Node) -> str:
        point = node.value["point"].plain() if "point" in node.value else ""
        if point == "" or (isinstance(point, str) and _NAME.fullmatch(point)):
            return point
        self.problems.add("R012", node.value["point"].position, f"a point cannot be called {point!r}", _POINT_HINT)
        return ""

    def _params(self, rule_id: str, node: Node) -> dict[str, Any]:
        block = node.value.get("params")
        if block is None:
            return {}
        if not isinstance(block.value, dict):
            self.problems.add("R006", block.position, "params is a mapping of names to defaults")
            return {}
        defaults: dict[str, Any] = {}
        for name, value in block.value.items():
            if not _NAME.fullmatch(name) or name in self.vocabulary[str(node.value["about"].value)]:
                self.problems.add(
                    "R012",
                    block.key_position(name),
                    f"a parameter cannot be called {name!r}",
                    "use a name that is not a field, like valid_for",
                )
            if isinstance(value.value, dict | list) or value.value is None:
                self.problems.add("R021", value.position, f"the parameter {name} must be a single value")
            defaults[name] = value.plain()
        return defaults | self._overrides(rule_id, node, defaults)

    def _overrides(self, rule_id: str, node: Node, defaults: dict[str, Any]) -> dict[str, Any]:
        overrides = self.overrides.get(rule_id, {})
        for name, value in overrides.items():
            if name not in defaults:
                self.problems.add(
                    "R052", node.position, f"{rule_id} has no parameter {name!r} to override", meant(name, defaults)
                )
            elif describe_type(value) != describe_type(defaults[name]):
                self.problems.add(
                    "R052",
                    node.position,
                    f"{rule_id}.{name} must be {describe_type(defaults[name])}, which {value!r} is not",
                )
        fitting = {name: value for name, value in overrides.items() if name in defaults}
        return {name: value for name, value in fitting.items() if describe_type(value) == describe_type(defaults[name])}

    def _check_params(self, rule: Rule, node: Node, names: Names) -> None:
        """Report unused parameters."""
        in_texts = {name for text in rule.texts.sources() for name in names_in(text)}
        for name in names.params:
            if name not in names.used and f"params.{name}" not in in_texts:
                self.problems.add(
                    "R051",
                    node.value["params"].key_position(name),
                    f"the parameter {name} is not used",
                    "remove it, or use it",
                )

    def _defined(self, node: Node, names: Names) -> tuple[Defined, ...]:
        block = node.value.get("define")
        if block is None:
            return ()
        if not isinstance(block.value, dict):
            self.problems.add("R006", block.position, "define is a mapping of names to values")
            return ()
        for name, value in block.value.items():
            self._check_name(name, block.key_position(name), names)
            choices = [
                self._choice(item, names) for item in (value.value if isinstance(value.value, list) else [value])
            ]
            known = tuple(choice for choice in choices if choice is not None)
            types = {_type(choice) for choice in known}
            if types == {"date", "instant"}:  # a date among instants means its first moment
                types = {"instant"}
            if len(types) > 1:
                self.problems.add(
                    "R021",
                    value.position,
                    f"the alternatives of {name} have different types: {', '.join(sorted(types))}",
                )
            if known:
                names.defined[name] = Defined(name, types.pop(), known)
            else:
                names.broken.add(name)
        return tuple(names.defined.values())

    def _check_name(self, name: str, where: Position, names: Names) -> None:
        """Report a defined value that hides another name of conditions and texts."""
        if not _NAME.fullmatch(name) or name in (*self.vocabulary[names.about], *names.params, *RESERVED):
            hint = "use lower-case letters and a name that no field, parameter or text variable has"
            self.problems.add("R012", where, f"a defined value cannot be called {name!r}", hint)

    def _choice(self, node: Node, names: Names) -> Choice | None:
        if isinstance(node.value, str):
            value = self._value(node, names)
            return Choice(value) if value is not None else None
        if not isinstance(node.value, dict) or set(node.value) != {"value", "when"}:
            self.problems.add("R006", node.position, "an alternative is a value, or {value: ..., when: {...}}")
            return None
        value = self._value(node.value["value"], names)
        when = parse_condition(node.value["when"], names)
        if any(map(is_timed, when)):
            hint = "compare two fields instead, for example `last_day: before rescinded_at`"
            message = "the condition of a defined value cannot depend on the present time"
            self.problems.add("R034", node.value["when"].position, message, hint)
        return Choice(value, when) if value is not None else None

    def _value(self, node: Node, names: Names) -> Any:
        text = str(node.value)
        if re.search(r" (before|after) ", text):
            return names.moment(text, node.position)
        if is_number(names.params.get(text)):
            return names.param(text)
        if text in names.params or parse_duration(text):
            return names.duration(text, node.position)
        return names.reference(text, node.position)

    def _valid(self, node: Node, names: Names) -> Moment | None:
        if "valid" not in node.value:
            return None
        value = node.value["valid"]
        match = _VALID.fullmatch(str(value.value))
        if not match:
            self.problems.add(
                "R022", value.position, f"{value.value!r} is not a validity", "write `for DURATION after INSTANT`"
            )
            return None
        return names.moment(match[1], value.position)

    def _due(self, node: Node, names: Names) -> Moment | None:
        return names.moment(str(node.value["due"].value), node.value["due"].position) if "due" in node.value else None


def _members(node: Node) -> Mapping[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def describe_type(value: Any) -> str:
    """The type of a parameter, as problems name it."""
    if isinstance(value, str):
        return "a duration" if parse_duration(value) else "a text"
    return {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "an unsupported value")


def _type(choice: Choice) -> str:
    value = choice.value
    if isinstance(value, Moment):
        return value.base.type
    if is_number(value):
        return "number"
    type_ = getattr(value, "type", "duration")
    return "duration" if type_ == "days" else type_
