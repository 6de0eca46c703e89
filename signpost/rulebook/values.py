"""Parses names and amounts in phrases: durations, numbers, references to fields, parameters and defined values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signpost.facts.vocabulary import Vocabulary
from signpost.rulebook.terms import Duration, Moment, Ref, Scope
from signpost.rulebook.typed_rule import Defined
from signpost.suggestions import MAX_LISTED, meant
from signpost.yaml_files.problems import Position, Problems

_PART = re.compile(r"(\d+)(bd|[wdhms])")
_DURATION = re.compile(r"(?:\d+(?:bd|[wdhms]))+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COUNT_OF_DAYS = re.compile(r"(\d+) ?(d|days?|w|weeks?)")
_DAYS = {"w": 7, "d": 1}
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_BACK_TO = re.compile(r"(.+) back to (?:the |a )(month end|15th or month end)")
_POSSESSIVE = re.compile(r"([^']+)'s (.+)")
_SPOKEN_DURATION = re.compile(
    r"(\d+) ?(business days?|days?|weeks?|hours?|minutes?|seconds?|bd|[wdhms])", re.IGNORECASE
)
_WITH_UNIT = re.compile(r"(-?\d+(?:\.\d+)?) ?(\w*)")
MONEY_HINT = "write at least / at most / above / below and another amount of money"
MOMENTS = ("instant", "date")


def parse_duration(text: str) -> Duration | None:
    """`36h`, `5d1h`, `2w`, `5bd` (business days); None for other texts."""
    if not _DURATION.fullmatch(text):
        return None
    amounts = [(int(number), unit) for number, unit in _PART.findall(text)]
    return Duration(
        days=sum(number * _DAYS[unit] for number, unit in amounts if unit in _DAYS),
        microseconds=sum(number * _SECONDS[unit] * 1_000_000 for number, unit in amounts if unit in _SECONDS),
        business_days=sum(number for number, unit in amounts if unit == "bd"),
    )


def _days_hint(value: Any) -> str:
    """How to write `90d`, `90 days` or `2w` where a number of days belongs; "" for other values."""
    match = _COUNT_OF_DAYS.fullmatch(value) if isinstance(value, str) else None
    return f"write the number of days without a unit: {int(match[1]) * _DAYS[match[2][0]]}" if match else ""


def _number_hint(value: Any) -> str:
    """How to write `"3"`, `90d` or `3 months` where a number belongs."""
    match = _WITH_UNIT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return "write a number"
    return f"write {match[1]} {'without a unit' if match[2] else 'without quotes'}"


def _duration_hint(value: Any) -> str:
    """How to write `2 days`, `48` or `"48"` where a duration belongs."""
    match = _SPOKEN_DURATION.fullmatch(value) if isinstance(value, str) else None
    if match:
        return f"write {match[1]}{_unit(match[2])}"
    if type(value) is int or (isinstance(value, str) and value.isdecimal()):
        return f"write it with a unit, like {value}h or {value}d"
    return "write for example 36h or 5d"


def _unit(word: str) -> str:
    """The unit that a word stands for: `Business Days` -> `bd`."""
    return "bd" if word.lower().startswith("b") else word[0].lower()


def is_number(value: Any) -> bool:
    """Whether the value is a number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(slots=True)
class Names:
    """The names that a phrase can use in one condition: fields of its kind, parameters and defined values; and the
    list of problems."""

    about: str
    item: str
    problems: Problems
    vocabulary: Vocabulary
    params: dict[str, Any] = field(default_factory=dict)
    defined: dict[str, Defined] = field(default_factory=dict)
    related: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    """Names of values and relations with a problem; no further problem is reported for them."""
    params_at: Mapping[str, Position] = field(default_factory=dict)
    """Where the values of the parameters stand."""
    own: Scope = Scope.ITEM
    audience: str = "candidate"

    def inside(self, kind: str, own: Scope = Scope.ITEM) -> "Names":
        """The names for a block about another kind, whose fields have the scope `own`."""
        return replace(self, item=kind, own=own)

    def param(self, name: str) -> Any:
        """The value of a parameter, marked as used; None if unknown."""
        if name in self.params:
            self.used.add(name)
        return self.params.get(name)

    def _refuse_param(self, name: str, where: Position, needed: str, hint: str) -> None:
        """Report once, at its value, a parameter of another type than what stands at `where` needs."""
        if name not in self.broken:
            message = f"the parameter {name} is {self.params[name]!r}, and line {where.line} needs {needed}"
            self.problems.add("R021", self.params_at.get(name, where), message, hint)
        self.broken.add(name)

    def reference(self, text: str, where: Position) -> Ref | None:
        """`respond_by`, `this one's salary`, `candidate's salary_target`, a defined value; None (and a problem)
        if unknown."""
        whose, name = self._owner(text)
        if whose is None:
            return self._own(name, where)
        kind = {"this one": self.about, "candidate": "candidate"}.get(whose)
        if kind is None:
            message = f"{text!r}: a condition cannot read fields of {whose!r}"
            self.problems.add("R023", where, message, self._owners_hint(name))
            return None
        if name not in self.vocabulary[kind]:
            has_it = any(name in self.vocabulary[one] for one in self._ways(name))
            near = self._owners_hint(name) if has_it else meant(name, self.vocabulary[kind])
            hint = near or self._list_of_fields(kind)
            self.problems.add("R023", where, f"{text!r}: the {kind} has no field {name!r}", hint)
            return None
        scope = Scope.CANDIDATE if kind == "candidate" and self.about != "candidate" else Scope.SUBJECT
        return Ref(scope, name, self.vocabulary[kind][name].type)

    def _owner(self, text: str) -> tuple[str | None, str]:
        match = _POSSESSIVE.fullmatch(text)
        if not match:
            return None, text
        return match[1].removeprefix("the "), match[2]

    def _own(self, name: str, where: Position) -> Ref | None:
        if name in self.vocabulary[self.item]:
            return Ref(self.own, name, self.vocabulary[self.item][name].type)
        if name in self.defined:
            return Ref(Scope.DEFINED, name, self.defined[name].type)
        if name in self.params:
            hint = f"write within {name}, or {name} before or after an instant" if self._is_duration(name) else ""
            message = f"the parameter {name} stands where a field or a value of the rule belongs"
            self.problems.add("R023", where, message, hint)
        elif not self.may_be_broken(name):
            message = f"{name!r} is no field of the {self.item}, and no parameter or value of the rule"
            self.problems.add("R023", where, message, self._name_hint(name))
        return None

    def may_be_broken(self, name: str) -> bool:
        """Whether a name has a problem where it is declared: what follows from that is not reported."""
        return name in self.broken or self.problems.may_be_declared(name)

    def _is_duration(self, param: str) -> bool:
        return isinstance(self.params[param], str) and parse_duration(self.params[param]) is not None

    def _owners_hint(self, name: str) -> str:
        """Whose fields of this name a condition can read, and how."""
        ways = self._ways(name).items()
        fitting = [f"{way} for that of the {kind}" for kind, way in ways if name in self.vocabulary[kind]]
        return "write " + (", ".join(fitting) or "this one's or candidate's and the name of a field")

    def _ways(self, name: str) -> dict[str, str]:
        """Kind whose fields a condition can read -> how it names one of them."""
        ways = {self.item: name}
        ways.setdefault(self.about, f"this one's {name}")
        if self.audience == "candidate":
            ways.setdefault("candidate", f"candidate's {name}")
        return ways

    def _name_hint(self, name: str) -> str:
        """What an unknown name may stand for."""
        if match := _SPOKEN_DURATION.fullmatch(name):
            return f"name the duration: params: {{some_name: {match[1]}{_unit(match[2])}}}"
        owner, _, whose = name.partition(".")
        if whose in self.vocabulary.kinds.get(owner, ()):
            return self._owners_hint(whose)
        if name in self.vocabulary[self.about]:
            return f"write this one's {name} for that of the {self.about}"
        if name in self.vocabulary["candidate"] and self.audience == "candidate":
            return f"write candidate's {name}"
        near = meant(name, [*self.vocabulary[self.item], *self.defined, *self.params])
        own = f"the rule has the parameters {', '.join(self.params)}; " if self.params else ""
        return near or own + self._list_of_fields(self.item)

    def _list_of_fields(self, kind: str) -> str:
        """Where all fields are listed, and those that the rulebook declares itself."""
        own = list(self.vocabulary.own.get(kind, {}))
        declared = f"; fields.yaml declares {', '.join(own[:MAX_LISTED])}" if own else ""
        return f"docs/rulebook/fields.md lists the fields of {'an' if kind[0] in 'aeiou' else 'a'} {kind}{declared}"

    def duration(self, text: str, where: Position) -> Duration | Ref | None:
        """A parameter, a defined duration or a number of days. Reports a literal, since tenants must be able to set
        it."""
        literal = parse_duration(text)
        if literal is not None:
            self.problems.add(
                "R024",
                where,
                f"the duration {text} is written into a condition",
                f"name it: params: {{some_name: {text}}}",
            )
            return literal
        value = self.param(text)
        if value is not None:
            parsed = parse_duration(value) if isinstance(value, str) else None
            if parsed is None:
                self._refuse_param(text, where, "a duration", _duration_hint(value))
            return parsed
        reference = self.reference(text, where)
        if reference is not None and reference.type not in ("days", "duration"):
            self.problems.add("R021", where, f"{text!r} has type {reference.type}, not duration")
            return None
        return reference

    def moment(self, text: str, where: Position) -> Moment | None:
        """`respond_by`, `notice before start_date`, `24h after this one's completed_at` (with named durations), and of
        dates `notice before start_date back to a month end`."""
        if match := _BACK_TO.fullmatch(text):
            moment = self.moment(match[1], where)
            if moment is not None and moment.base.type != "date":
                self.problems.add("R021", where, f"{match[1]!r} is not a date, so it cannot go back to the {match[2]}")
            return moment and replace(moment, back_to=match[2])
        match = re.fullmatch(r"(.+?) (before|after) (.+)", text)
        if match and match[3] in self.params and match[1] not in self.params:
            hint = f"write {match[3]} {match[2]} {match[1]}"
            self.problems.add("R022", where, f"{text!r} is the wrong way round: the duration comes first", hint)
            return None
        if match:
            offset = self.duration(match[1], where)
            base = self._moment_base(match[3], where)
            return Moment(base, offset, 1 if match[2] == "after" else -1) if base and offset is not None else None
        base = self._moment_base(text, where)
        return Moment(base) if base else None

    def _moment_base(self, text: str, where: Position) -> Ref | None:
        reference = self.reference(text, where)
        if reference is not None and reference.type not in MOMENTS:
            self.problems.add("R021", where, f"{text!r} has type {reference.type}, not instant or date")
            return None
        return reference

    def amount(self, text: str, type_: str, where: Position) -> Ref | int | float | None:
        """The operand of a comparison: a literal, a parameter, or a field of the same type."""
        if _NUMBER.fullmatch(text) and type_ != "money":
            return float(text) if "." in text else int(text)
        value = self.param(text)
        if value is not None:
            if is_number(value) and type_ != "money":
                return value  # type: ignore[no-any-return]
            if type_ == "money":  # which no parameter can be
                message = f"the parameter {text} is {value!r}, which does not fit money"
                self.problems.add("R021", where, message, MONEY_HINT)
            else:
                hint = _days_hint(value) if type_ == "days" else ""
                self._refuse_param(text, where, "a number", hint or _number_hint(value))
            return None
        if type_ == "days" and (hint := _days_hint(text)):
            self.problems.add("R021", where, f"{text!r} does not fit days", hint)
            return None
        reference = self.reference(text, where)
        if reference is not None and reference.type != type_:
            self.problems.add("R021", where, f"{text!r} has type {reference.type} and cannot be compared with {type_}")
            return None
        return reference
