"""The typed form of a vendor's mapping file. Data only: `mapping_reader` reads it, `translate` applies it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, TypeAlias

from signpost.case.event import Turn
from signpost.ingress.amounts import Amount
from signpost.ingress.date_patterns import DatePattern
from signpost.ingress.expressions import Condition, Expression, Text
from signpost.ingress.formats import Formats
from signpost.ingress.signature_schemes import Scheme
from signpost.ingress.tree import parts_in
from signpost.ingress.written import Written
from signpost.yaml_files.problems import Position

Loops: TypeAlias = tuple[tuple[str, Expression], ...]
"""Names with the lists whose items they stand for, outermost first; a list may use the names before it."""


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """One Signpost event that a delivery can emit.

    `data`: required fields; without one of them, the event is not emitted. `terms`: optional fields, included if known
    and valid. `only_with_terms`: emit nothing without any of them. `each`: one event for each item.
    `custom`: own fields, where the rulebook declares them.
    """

    type: str
    id: Text
    subject: Expression
    when: Condition
    time: Expression | None
    data: Mapping[str, Expression]
    terms: Mapping[str, Expression]
    only_with_terms: bool
    each: Loops
    as_of: Expression | None = None
    """The vendor's own order of the state: a version, or a time of modification; None: the order of the vendor."""
    turn: Turn = Turn.OPEN
    custom: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """How a vendor's statements are ordered. `as_of`: the order of templates without one of their own. `receipt`:
    event type -> why only the time of receipt is known, and what that means."""

    as_of: Expression | None = None
    receipt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Events that share named values (`let`)."""

    let: Mapping[str, Expression]
    templates: tuple[EventTemplate, ...]


@dataclass(frozen=True, slots=True)
class EventMapping:
    """How to translate one of the vendor's events. `require`: named values without which the delivery is rejected."""

    when: Condition
    let: Mapping[str, Expression]
    require: tuple[str, ...]
    each: Loops
    groups: tuple[Group, ...]

    def types(self) -> set[str]:
        """Return the types of the Signpost events that it can emit."""
        return {template.type for group in self.groups for template in group.templates}


@dataclass(frozen=True, slots=True)
class Pings:
    """The vendor's test requests: events of these names, or bodies equal to one of these."""

    events: tuple[str, ...] = ()
    bodies: tuple[Any, ...] = ()
    unsigned: bool = False
    """Whether such a body is answered without a signature. It emits no event."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """The header that the receiver echoes when the vendor creates a subscription, in an unsigned request."""

    header: str
    status: int


@dataclass(frozen=True, slots=True)
class Custom:
    """How to find a source's custom field by its name.

    `container`: an object, or a list of items that hold the name under one of `keys`. `value` and `money` find the
    plain value and the amount in the item.
    """

    container: Expression
    keys: tuple[str, ...]
    value: Expression
    money: Amount | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One delivery that tests a mapping. `attested`: its origin; `gives`: the expected event types, in order.
    `secret`: the published example secret by which the signature in `headers` was made; "" if there is none.
    `position`: where the mapping lists it."""

    file: File
    attested: str
    headers: Mapping[str, str]
    gives: tuple[str, ...]
    secret: str = ""
    position: Position | None = None

    @property
    def name(self) -> str:
        """Return the name of the file without its suffix."""
        return self.file.stem

    def body(self) -> bytes:
        """Return the bytes of the body."""
        return self.file.read_bytes()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file has a path, a header or an expectation of a condition; `text`: as a person knows it."""

    part: object
    text: str
    position: Position


@dataclass(frozen=True, slots=True, eq=False)
class Vendor:
    """One vendor's webhooks; each load of the file is another one.

    `attested`: how well the mapping is documented; `fetch`: what the webhooks lack and the vendor's API has; `success`:
    the status that the vendor expects; `ignored`: event name -> why it emits nothing.
    """

    name: str
    title: str
    attested: str
    fetch: str
    scheme: Scheme
    success: int
    event: Expression | None
    pings: Pings
    handshake: Handshake | None
    formats: Formats
    employer: Mapping[str, Expression]
    custom: Custom | None
    mappings: Mapping[str, EventMapping]
    ignored: Mapping[str, str]
    samples: tuple[Sample, ...]
    order: Order = Order()
    occurrence: Expression | None = None
    """The vendor's id of the occurrence, `{occurrence}` in ids; the digest of the body where it is unknown."""
    speaks_ours: bool = False
    """Whether the payloads are Signpost events already and need no mapping."""
    clock_skew: str = ""
    """The `clock_skew` of a new source, where the usual one is too short: the vendor signs the time of the event."""
    retries: int | None = 503
    """The status after which the vendor sends a webhook again; None if it never does. Of own mappings only."""
    file: File = field(default=File())
    places: tuple[Place, ...] = field(default=(), repr=False)
    """Where the file has what can find something in a delivery."""
    words: tuple[Place, ...] = field(default=(), repr=False)
    """Where the file has the values of word tables: of each, the table and the word."""

    @property
    def known_events(self) -> tuple[str, ...]:
        """The names of the events that are mapped, ignored on purpose, or pings."""
        return (*self.mappings, *self.ignored, *self.pings.events)

    def knows(self, event: str) -> bool:
        """Return whether an event of this name is mapped, ignored on purpose, or a ping."""
        return event in self.mappings or event in self.ignored or event in self.pings.events

    @property
    def date_patterns(self) -> tuple[DatePattern, ...]:
        """Every pattern by which the mapping reads days and times."""
        parts = (place.pattern for place in parts_in(self) if isinstance(place, Written))
        return tuple(dict.fromkeys((*self.formats.patterns, *parts)))

    def types(self, kind: str) -> Iterator[str]:
        """Yield the types of the events of a kind ("offer") that the mapping can emit."""
        found = {name for mapping in self.mappings.values() for name in mapping.types()}
        yield from sorted(name for name in found if name.startswith(kind + "."))
