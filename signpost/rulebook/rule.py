"""One rule of a file: its keys read, checked and typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from signpost.case.vocabulary import KINDS
from signpost.rulebook.conditions import parse_condition, relations_of
from signpost.rulebook.document import Node
from signpost.rulebook.problems import Problems, meant
from signpost.rulebook.sources import Sources
from signpost.rulebook.terms import Choice, Condition, Defined, Draft, Level, Moment, Reached, Relation, Rule, Texts
from signpost.rulebook.values import Names, parse_duration
from signpost.rulebook.wording import check_texts

PRIORITIES = ("low", "normal", "high", "urgent")
AUDIENCES = ("candidate", "employer")
SUBJECTS = ("offer", "interview", "application", "candidate")
ATTACHMENTS = ("comparison",)
REQUIRED = ("about", "source", "when", "priority", "title", "message")
KEYS = (*REQUIRED, "audience", "norms", "params", "define", "valid", "due", "steps", "drafts", "suppresses", "attaches")
RULE_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z][a-z0-9-]*)?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BOUND = re.compile(r"(?:(.+ (?:before|after)) )?(?:the )?([a-z_]+)'s ([a-z_]+)")
_VALID = re.compile(r"for (.+ after .+)")


@dataclass(slots=True)
class RuleReader:
    """Reads the rules of one file; `overrides` are a tenant's parameters."""

    topic: str
    sources: Sources
    problems: Problems
    overrides: Mapping[str, Mapping[str, Any]]

    def read(self, rule_id: str, node: Node) -> Rule | None:
        """The typed rule; None where it is too broken to go on."""
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, f"the rule {rule_id} must be a mapping of keys")
            return None
        self._check_keys(rule_id, node)
        about = self._word(node, "about", SUBJECTS)
        if about is None or any(key not in node.value for key in REQUIRED):
            return None
        names = Names(about, about, self.problems, self._params(rule_id, node))
        return self._typed(rule_id, about, node, names)

    def _typed(self, rule_id: str, about: str, node: Node, names: Names) -> Rule:
        defined = self._defined(node, names)
        when = parse_condition(node.value["when"], names)
        rule = Rule(
            id=rule_id,
            topic=self.topic,
            audience=self._word(node, "audience", AUDIENCES) or "candidate",
            about=about,
            source=self.sources.source(node, self.problems),
            when=when,
            levels=self._levels(node.value["priority"], when, names),
            texts=self._texts(node),
            position=node.position,
            valid=self._valid(node, names),
            due=self._due(node, names),
            defined=defined,
            suppresses=tuple(self._strings(node, "suppresses")),
            attaches=self._word(node, "attaches", ATTACHMENTS),
            params=names.params,
        )
        check_texts(rule, node, names)
        self._check_params(node, names)
        return rule

    def _check_keys(self, rule_id: str, node: Node) -> None:
        for key in node.value:
            if key not in KEYS:
                self.problems.add("R010", node.key_position(key), f"a rule has no key {key!r}", meant(key, KEYS))
        for key in REQUIRED:
            if key not in node.value:
                self.problems.add("R011", node.position, f"the rule {rule_id} has no {key!r}")

    def _word(self, node: Node, key: str, known: tuple[str, ...]) -> str | None:
        if key not in node.value:
            return None
        value = node.value[key].value
        if value not in known:
            self.problems.add("R013", node.value[key].position, f"{key} cannot be {value!r}", meant(str(value), known))
            return None
        return str(value)

    def _params(self, rule_id: str, node: Node) -> dict[str, Any]:
        block = node.value.get("params")
        if block is None:
            return {}
        if not isinstance(block.value, dict):
            self.problems.add("R006", block.position, "params is a mapping of names to defaults")
            return {}
        defaults: dict[str, Any] = {}
        for name, value in block.value.items():
            if not _NAME.fullmatch(name) or name in KINDS[str(node.value["about"].value)]:
                self.problems.add("R012", block.key_position(name), f"a parameter cannot be called {name!r}", "use a name that is no field, like valid_for")
            if isinstance(value.value, dict | list) or value.value is None:
                self.problems.add("R021", value.position, f"the parameter {name} must be one value")
            defaults[name] = value.plain()
        return defaults | self._overrides(rule_id, node, defaults)

    def _overrides(self, rule_id: str, node: Node, defaults: dict[str, Any]) -> dict[str, Any]:
        given = self.overrides.get(rule_id, {})
        for name, value in given.items():
            if name not in defaults:
                self.problems.add("R052", node.position, f"{rule_id} has no parameter {name!r} to override", meant(name, defaults))
            elif _sort(value) != _sort(defaults[name]):
                self.problems.add("R052", node.position, f"{rule_id}.{name} is {_sort(defaults[name])}, and {value!r} is not")
        return {name: value for name, value in given.items() if name in defaults and _sort(value) == _sort(defaults[name])}

    def _check_params(self, node: Node, names: Names) -> None:
        texts = " ".join(str(node.value[key].plain()) for key in ("title", "message", "steps", "drafts") if key in node.value)
        for name in names.params:
            if name not in names.used and not re.search(rf"\bparams\.{name}\b", texts):
                self.problems.add("R051", node.value["params"].key_position(name), f"the parameter {name} is not used", "remove it, or use it")

    def _defined(self, node: Node, names: Names) -> tuple[Defined, ...]:
        block = node.value.get("define")
        if block is None:
            return ()
        if not isinstance(block.value, dict):
            self.problems.add("R006", block.position, "define is a mapping of names to values")
            return ()
        for name, value in block.value.items():
            choices = [self._choice(item, names) for item in (value.value if isinstance(value.value, list) else [value])]
            known = tuple(choice for choice in choices if choice is not None)
            types = {_type(choice) for choice in known}
            if len(types) > 1:
                self.problems.add("R021", value.position, f"the alternatives of {name} are of several types: {', '.join(sorted(types))}")
            if known:
                names.defined[name] = Defined(name, types.pop(), known)
        return tuple(names.defined.values())

    def _choice(self, node: Node, names: Names) -> Choice | None:
        if isinstance(node.value, str):
            value = self._value(node, names)
            return Choice(value) if value is not None else None
        if not isinstance(node.value, dict) or set(node.value) != {"value", "when"}:
            self.problems.add("R006", node.position, "an alternative is a value, or {value: ..., when: {...}}")
            return None
        value = self._value(node.value["value"], names)
        when = parse_condition(node.value["when"], names)
        return Choice(value, when) if value is not None else None

    def _value(self, node: Node, names: Names) -> Any:
        text = str(node.value)
        if re.search(r" (before|after) ", text):
            return names.moment(text, node.position)
        if text in names.params or parse_duration(text):
            return names.duration(text, node.position)
        return names.reference(text, node.position)

    def _levels(self, node: Node, when: Condition, names: Names) -> tuple[Level, ...]:
        if isinstance(node.value, str):
            node = Node({node.value: Node("from the start", node.position)}, node.position, {node.value: node.position})
        if not isinstance(node.value, dict) or not node.value:
            self.problems.add("R006", node.position, "priority is a word, or a mapping of words to the moment from which each applies")
            return ()
        levels = []
        for word, value in node.value.items():
            if word not in PRIORITIES:
                self.problems.add("R013", node.key_position(word), f"there is no priority {word!r}", meant(word, PRIORITIES))
                continue
            levels.append(Level(word, self._level(value, when, names), node.key_position(word)))
        self._check_levels(levels, node)
        return tuple(levels)

    def _level(self, node: Node, when: Condition, names: Names) -> Condition:
        if isinstance(node.value, dict):
            return parse_condition(node, names)
        text = str(node.value)
        if text == "from the start":
            return ()
        match = _BOUND.fullmatch(text)
        if match and match[2] in names.related:
            return self._bound_level(match, node, when, names)
        if text.startswith("after "):
            moment = names.moment(text.removeprefix("after "), node.position)
            return (Reached(node.position, replace(moment, end=True), True),) if moment else ()
        moment = names.moment(text, node.position)
        return (Reached(node.position, moment, True),) if moment else ()

    def _bound_level(self, match: re.Match[str], node: Node, when: Condition, names: Names) -> Condition:
        """`24h after other's accepted_at`: from then on for whichever of the related entities comes first."""
        relation = next(found for found in relations_of(when) if found.name == match[2])
        moment = names.inside(relation.kind).moment(f"{match[1] or ''} {match[3]}".strip(), node.position)
        if moment is None:
            return ()
        where = (*relation.where, Reached(node.position, moment, True))
        return (Relation(node.position, relation.name, relation.kind, 1, relation.other, where),)

    def _check_levels(self, levels: list[Level], node: Node) -> None:
        if levels and levels[0].when:
            self.problems.add("R031", node.position, "the first priority must apply from the start", "write for example normal: from the start")
        for before, level in zip(levels, levels[1:], strict=False):
            if PRIORITIES.index(level.priority) <= PRIORITIES.index(before.priority):
                self.problems.add("R030", level.position, f"{level.priority} after {before.priority} is no escalation", "order the priorities upwards")
            if not level.when or level.when == before.when or _begins_before(level, before):
                self.problems.add("R030", before.position, f"{before.priority} is never reached: {level.priority} applies whenever it does")

    def _valid(self, node: Node, names: Names) -> Moment | None:
        if "valid" not in node.value:
            return None
        value = node.value["valid"]
        match = _VALID.fullmatch(str(value.value))
        if not match:
            self.problems.add("R022", value.position, f"{value.value!r} is no validity", "write `for DURATION after INSTANT`")
            return None
        return names.moment(match[1], value.position)

    def _due(self, node: Node, names: Names) -> Moment | None:
        return names.moment(str(node.value["due"].value), node.value["due"].position) if "due" in node.value else None

    def _texts(self, node: Node) -> Texts:
        drafts = tuple(self._drafts(node))
        return Texts(self._text(node.value["title"]), self._text(node.value["message"]), tuple(self._strings(node, "steps")), drafts)

    def _drafts(self, node: Node) -> list[Draft]:
        block = node.value.get("drafts")
        if block is None:
            return []
        if not isinstance(block.value, dict):
            self.problems.add("R006", block.position, "drafts is a mapping of names to {title, body}")
            return []
        drafts = []
        for name, value in block.value.items():
            if not isinstance(value.value, dict) or set(value.value) != {"title", "body"}:
                self.problems.add("R006", value.position, f"the draft {name} must have a title and a body, nothing else")
                continue
            drafts.append(Draft(name, self._text(value.value["title"]), self._text(value.value["body"])))
        return drafts

    def _text(self, node: Node) -> str:
        if not isinstance(node.value, str) or not node.value.strip():
            self.problems.add("R006", node.position, "a text is expected here")
            return ""
        return node.value

    def _strings(self, node: Node, key: str) -> list[str]:
        if key not in node.value:
            return []
        if not isinstance(node.value[key].value, list):
            self.problems.add("R006", node.value[key].position, f"{key} is a list")
            return []
        return [self._text(item) for item in node.value[key].value]


def _sort(value: Any) -> str:
    """What kind of value a parameter takes."""
    if isinstance(value, str):
        return "a duration" if parse_duration(value) else "a text"
    return {bool: "a truth value", int: "a number", float: "a number"}.get(type(value), "nothing usable")


def _type(choice: Choice) -> str:
    value = choice.value
    if isinstance(value, Moment):
        return value.base.type
    type_ = getattr(value, "type", "duration")
    return "duration" if type_ == "days" else type_


def _begins_before(level: Level, before: Level) -> bool:
    """Both begin at a fixed distance from the same moment, and the higher one no later than the lower."""
    moments = [_only_moment(level.when), _only_moment(before.when)]
    if moments[0] is None or moments[1] is None or moments[0].base != moments[1].base:
        return False
    starts = [_distance(moment) for moment in moments if moment]
    return None not in starts and starts[0] <= starts[1]  # type: ignore[operator]


def _only_moment(condition: Condition) -> Moment | None:
    if len(condition) == 1 and isinstance(condition[0], Reached) and condition[0].reached:
        return condition[0].moment
    return None


def _distance(moment: Moment) -> int | None:
    return None if not hasattr(moment.offset, "total") else moment.sign * moment.offset.total

