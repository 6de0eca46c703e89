"""Guesses what the members of a recorded webhook mean, for a first mapping that a person completes. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from signpost.ingress.common_dates import patterns_of
from signpost.ingress.date_patterns import DatePattern
from signpost.ingress.event_lists import items_at, lists_of_objects, texts_at, without
from signpost.ingress.event_types import type_of
from signpost.ingress.expression_reader import STEP
from signpost.ingress.first_signature import EPOCH
from signpost.ingress.formats import Formats, instant

MAX_LEAVES: Final = 200
MAX_LIST: Final = 20
"""Items of a list that are looked at; the paths are those of its first."""
_EVENT_KEYS: Final = (
    "event", "event_type", "eventtype", "event_name", "eventname", "action", "topic", "trigger", "type", "kind",
)  # fmt: skip
_PERSON: Final = re.compile("candidate|applicant|person|people|prospect|talent|profile|seeker|^who$", re.I)
_OCCURRENCE: Final = re.compile("delivery|webhook_?id|event_?id|message_?id|request_?id|uuid|^uid$", re.IGNORECASE)
_ENVELOPE: Final = re.compile("delivery|webhook|event|message|meta|header", re.IGNORECASE)
"""Objects about the webhook, not about a candidate."""
_CONTENT: Final = ("payload", "data", "object", "resource", "item")
"""Objects that hold what an event is about, under a name that does not say what it is."""
_HAPPENED: Final = re.compile(
    "created|changed|updated|modified|occurred|happened|sent|time|date|timestamp|at$", re.IGNORECASE
)
_TIMES: Final = {
    "offer.extended": ("sent|extend", "creat"),
    "offer.updated": ("", "updat|chang|modif"),
    "offer.accepted": ("accept|hire", "resolv|closed"),
    "offer.declined": ("declin|refus", "resolv|closed"),
    "offer.rescinded": ("rescind|revok", "cancel|delet|withdr"),
    "offer.expired": ("expir", "closed"),
    "offer.letter_signed": ("signed", ""),
    "interview.scheduled": ("", "creat"),
    "interview.rescheduled": ("", "updat|chang|modif"),
    "interview.cancelled": ("", "cancel|delet"),
    "interview.completed": ("", "complet|finish"),
    "application.submitted": ("appl(?:y|ied)|submit", "creat|receiv"),
    "application.rejected": ("reject|declin", ""),
    "application.withdrawn": ("withdr", ""),
}
"""Type -> names of its time wherever it stands, and those that count only in what the event is about."""
_OTHER_TIMES: Final = re.compile("deadline|respond|answer|expir|until|start|birth|end|due", re.IGNORECASE)
_UNIT_KEYS: Final = ("epoch", "unix", "timestamp", "ts", "seconds", "milliseconds", "millis", "ms")
"""Names of a number in an object that says which time it is."""
_ID: Final = re.compile("(?:(?:remote|external|ats)[_-]?)?(?:id|ref|key|uuid)", re.IGNORECASE)
"""The name of an id that does not say whose."""
ITEM: Final = "item"
"""The name that a mapping gives to each item of a list of events."""
_CONSTANT: Final = re.compile(r"\A(?:[A-Z][A-Z0-9]*(?:[_.:][A-Z0-9]+)+|[a-z][a-z0-9]*(?:[_.:][a-z0-9]+)+)")
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/ -]{1,80}")
_TRUTH: Final = "true or false"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text, number or truth value of a body. `path`: as in a mapping."""

    path: str
    value: str | int | float | bool

    @property
    def key(self) -> str:
        """The name of the member."""
        return self.path.rpartition(".")[2]

    @property
    def parent(self) -> str:
        """The path of the object that holds it."""
        return self.path.rpartition(".")[0]

    @property
    def owner(self) -> str:
        """Whose id it is, as far as its name or that of its object says so."""
        if not _ID.fullmatch(self.key):
            return self.key
        return next((step for step in reversed(self.parent.split(".")) if not step.isdigit()), "")

    @property
    def dated(self) -> "Leaf":
        """The member that says which time it is: of `at.epoch`, `at`."""
        return Leaf(self.parent, self.value) if self.key.lower() in _UNIT_KEYS and self.parent else self

    @property
    def unit(self) -> str:
        """The unit of a number that is a time, as far as its name says so; "" for any other value."""
        is_number = isinstance(self.value, int | str) and not isinstance(self.value, bool)
        name = self.dated.key
        if not is_number or not EPOCH.fullmatch(str(self.value)) or _ids([self]) or _PERSON.search(name):
            return ""
        is_time = self.key.lower() in _UNIT_KEYS or _HAPPENED.search(name) or _OTHER_TIMES.search(name)
        return ("seconds" if len(str(self.value)) == 10 else "milliseconds") if is_time else ""

    @property
    def is_listed(self) -> bool:
        """Whether it stands in an item of a list."""
        return any(step.isdigit() for step in self.path.split("."))


@dataclass(frozen=True, slots=True)
class SampleReading:
    """What the members of a sample may mean; "" for what was not found. Paths as in a mapping."""

    leaves: Sequence[Leaf]
    event_path: str = ""
    event: str = ""
    person: str = ""
    occurrence: str = ""
    patterns: Sequence[DatePattern] = field(default=())
    item_event_path: str = ""
    item_event: str = ""
    items: str = ""
    """The path of the list whose items are events of their own: `*` for a body that is an array."""

    def id_of(self, kind: str) -> str:
        """Return the path of the id of an offer, interview or application."""
        own = re.compile(_noun(kind), re.IGNORECASE)
        return _first(_ids(self.leaves), lambda leaf: bool(own.search(leaf.owner)))

    def content_id(self) -> str:
        """Return the path of the id of what the event is about, whose name does not say what it is."""
        others = [leaf for leaf in _ids(self.leaves) if leaf.path not in (self.occurrence, self.person)]
        return _first(others, lambda leaf: leaf.owner in _CONTENT and not leaf.is_listed)

    @property
    def unit(self) -> str:
        """Return the unit of the numbers that are times; "" without one."""
        return next((leaf.unit for leaf in self.leaves if leaf.unit), "")

    def time_of(self, kind: str) -> str:
        """Return the path of the time at which an event of a type happened; of an item, its own where it has one."""
        times = [leaf for leaf in self.leaves if describe(leaf, self.patterns) not in ("text", "number", _TRUTH)]
        own = [leaf for leaf in times if leaf.path.startswith(f"{ITEM}.")] if self.items else []
        return self._time_among(own, kind) or self._time_among(times, kind)

    def _time_among(self, times: Sequence[Leaf], kind: str) -> str:
        anywhere, inside = (re.compile(words or "(?!)", re.IGNORECASE) for words in _TIMES[kind])
        about = re.compile(rf"{_noun(kind)}[^.]*(?:\.\d+|\.[^.]*version)?$", re.IGNORECASE)
        beside = ("", ITEM, self.event_path.rpartition(".")[0])
        return (
            _first(times, lambda leaf: bool(anywhere.search(leaf.dated.key)))
            or _first(times, lambda leaf: leaf.dated.parent in beside and _has_happened(leaf.dated))
            or _first(times, lambda leaf: bool(inside.search(leaf.dated.key) and about.search(leaf.dated.parent)))
            or _first(times, lambda leaf: bool(inside.search(leaf.dated.key)) and leaf.dated.parent in _CONTENT)
            or _first(times, lambda leaf: _is_envelope(leaf.dated.parent) and _has_happened(leaf.dated))
        )


def read_sample(body: Any, headers: Mapping[str, str]) -> SampleReading:
    """Return what the members of a body may mean; where the items of a list are events of their own, those of its first
    item too. `headers` by lower-case name."""
    if isinstance(body, list):
        return _read(list(_leaves(body[0], ITEM)), [], headers, "*")
    for name in lists_of_objects(body):
        inner = list(_leaves(items_at(body, name)[0], ITEM))
        if _is_event(inner) and not has_subject(body, name):
            return _read(inner, list(_leaves(without(body, name), "")), headers, name)
    return _read([], list(_leaves(body, "")), headers, "")


def _read(inner: list[Leaf], outer: list[Leaf], headers: Mapping[str, str], items: str) -> SampleReading:
    """What the members may mean. `inner`: those of the first item of the list `items`; `outer`: all others."""
    leaves = [*inner, *outer][:MAX_LEAVES]
    event = _event(outer, headers)
    person = _person(leaves)
    occurrence = _occurrence(outer, headers, event[0], person)
    patterns = tuple(patterns_of([leaf.value for leaf in leaves if isinstance(leaf.value, str)]))
    return SampleReading(leaves, *event, person, occurrence, patterns, *kind_of(inner), items)


def _is_event(leaves: Sequence[Leaf]) -> bool:
    """Whether an item of a list says what happened, and to whom."""
    return bool(type_of(kind_of(leaves)[1]) and _subject(leaves))


def _subject(leaves: Sequence[Leaf]) -> str:
    return _person(leaves) or SampleReading(leaves).id_of("application")


def _person(leaves: Sequence[Leaf]) -> str:
    return _first(_ids(leaves), lambda leaf: bool(_PERSON.search(leaf.owner)))


def describe(leaf: Leaf, patterns: Sequence[DatePattern]) -> str:
    """Return what kind of value a member has, without the value: it may be personal."""
    if isinstance(leaf.value, bool):
        return _TRUTH
    if leaf.unit:
        return f"time in {leaf.unit}"
    if isinstance(leaf.value, int | float):
        return "number"
    if instant(leaf.value, Formats()) is not None:
        return "time"
    return next((f"written as {one.text}" for one in patterns if one.iso(leaf.value)), "text")


def _leaves(value: Any, path: str) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if STEP.fullmatch(name):
                yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, item in _items(value[:MAX_LIST]):
            yield from _leaves(item, f"{path}.{number}" if path else str(number))
    elif path and isinstance(value, str | int | float) and value != "":
        yield Leaf(path, value)


def _items(items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """The first item, which has the members of all; every value of every item of a list like [[key, value], ...]."""
    rows = [item for item in items if isinstance(item, list)]
    if not rows or len(rows) < len(items) or any(isinstance(one, Mapping | list) for row in rows for one in row):
        yield 0, first_of(items)
        return
    for number, row in enumerate(rows):
        yield number, {str(at): one for at, one in enumerate(row[:MAX_LIST])}


def first_of(items: Sequence[Any]) -> Any:
    """Return the first item, with the members that only others have, at any depth; None without one."""
    items = [item for item in items if item is not None]
    if items and all(isinstance(item, Mapping) for item in items):
        names = dict.fromkeys(name for item in items for name in item)
        return {name: first_of([item[name] for item in items if name in item]) for name in names}
    if items and all(isinstance(item, list) for item in items):
        return [inner for item in items for inner in item]
    return items[0] if items else None


def _event(leaves: Sequence[Leaf], headers: Mapping[str, str]) -> tuple[str, str]:
    """The path and the name of the vendor's event."""
    texts = [leaf for leaf in leaves if isinstance(leaf.value, str) and not leaf.is_listed]
    names = [leaf for leaf in texts if _NAME.fullmatch(str(leaf.value))]
    ranked = [leaf for key in _EVENT_KEYS for leaf in names if leaf.key.lower().replace("-", "_") == key]
    if ranked:
        best = min(ranked, key=lambda leaf: leaf.path.count("."))
        return best.path, str(best.value)
    named = [(f"header:{name}", value) for name, value in headers.items() if "event" in name and "id" not in name]
    return named[0] if named else ("", "")


def kind_of(leaves: Sequence[Leaf]) -> tuple[str, str]:
    """Return the path and the name of what an item of a list says happened: where no key is a usual one, those of the
    outermost text that is written like a constant."""
    others = {leaf.path for leaf in _ids(leaves)}
    texts = [leaf for leaf in leaves if isinstance(leaf.value, str) and not leaf.is_listed and leaf.path not in others]
    constants = [leaf for leaf in texts if _NAME.fullmatch(str(leaf.value)) and _CONSTANT.fullmatch(str(leaf.value))]
    best = min(constants, key=lambda leaf: leaf.path.count("."), default=None)
    return _event(leaves, {}) if best is None or _event(leaves, {})[0] else (best.path, str(best.value))


def kinds_in(items: Sequence[Any]) -> tuple[str, list[str]]:
    """Return the path of what the items of a list say happened, and its different names."""
    path, _ = kind_of(list(_leaves(items[0], ITEM))) if items else ("", "")
    names = texts_at(items[:MAX_LIST], path.removeprefix(f"{ITEM}."))
    return path, [name for name in names if path and _NAME.fullmatch(name)]


def has_subject(body: Any, items: str) -> bool:
    """Return whether a body says outside the list `items` whom it is about."""
    rest = _leaves(without(body, items), "") if isinstance(body, Mapping) else ()
    return bool(_subject([leaf for leaf in rest if not leaf.is_listed]))


def _ids(leaves: Sequence[Leaf]) -> list[Leaf]:
    found = [leaf for leaf in leaves if not isinstance(leaf.value, bool | float)]
    ends = ("_id", "Id", "-id", "_ref", "Ref", "-ref")
    return [leaf for leaf in found if leaf.key.lower() in ("id", "ref", "key", "uuid") or leaf.key.endswith(ends)]


def _occurrence(leaves: Sequence[Leaf], headers: Mapping[str, str], event: str, person: str) -> str:
    others = [leaf for leaf in leaves if leaf.path != person and not isinstance(leaf.value, bool | float)]
    beside = event.rpartition(".")[0]
    outer = [leaf for leaf in others if leaf.parent in ("", beside) or _is_envelope(leaf.parent)]
    named = _first(outer, lambda leaf: bool(_OCCURRENCE.search(leaf.key)))
    header = next((f"header:{name}" for name in headers if _OCCURRENCE.search(name.replace("-", "_"))), "")
    own = _first(others, lambda leaf: leaf.key.lower() == "id" and leaf.parent == beside)
    return named or header or own or _first(outer, lambda leaf: leaf.key.lower() == "id" and bool(leaf.parent))


def _is_envelope(path: str) -> bool:
    return bool(_ENVELOPE.search(path.rpartition(".")[2]))


def _noun(kind: str) -> str:
    """The pattern of the beginning of an offer, interview or application in a name; an interviewer is none."""
    return f"{kind[:5]}(?!viewer)"


def _has_happened(leaf: Leaf) -> bool:
    return bool(_HAPPENED.search(leaf.key)) and not _OTHER_TIMES.search(leaf.key)


def _first(leaves: Sequence[Leaf], fits: Any) -> str:
    return next((leaf.path for leaf in leaves if fits(leaf)), "")
