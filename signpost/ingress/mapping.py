"""What a mapping file says of a vendor, typed. Data only; `mapping_reader` reads it, `translate` follows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from signpost.ingress.expressions import Amount, Condition, Expression, Formats, Text
from signpost.ingress.signatures import Scheme


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """One event of ours that a delivery tells.

    `data`: what must be there. `terms`: what is told as far as it is known and fits our vocabulary. `each`: a name and
    the list whose items it stands for; one event each.
    """

    type: str
    id: Text
    subject: Expression
    when: Condition
    time: Expression | None
    data: Mapping[str, Expression]
    terms: Mapping[str, Expression]
    only_with_terms: bool
    each: tuple[str, Expression] | None


@dataclass(frozen=True, slots=True)
class Group:
    """Events that share names for values."""

    let: Mapping[str, Expression]
    templates: tuple[EventTemplate, ...]


@dataclass(frozen=True, slots=True)
class EventMapping:
    """How one of the vendor's events is read. `require`: names without which the delivery is refused."""

    when: Condition
    let: Mapping[str, Expression]
    require: tuple[str, ...]
    each: tuple[str, Expression] | None
    groups: tuple[Group, ...]

    def types(self) -> set[str]:
        """The types of our events that it can tell."""
        return {template.type for group in self.groups for template in group.templates}


@dataclass(frozen=True, slots=True)
class Pings:
    """What a vendor sends to try a receiver: events of these names, or bodies that are exactly so."""

    events: tuple[str, ...] = ()
    bodies: tuple[Any, ...] = ()
    unsigned: bool = False
    """Whether such a body is answered without a signature; it tells nothing."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """A header that is sent back when a subscription is made, in a request that is not signed."""

    header: str
    status: int


@dataclass(frozen=True, slots=True)
class Custom:
    """How a source's own field is found by its name: a map or a list of items with one of `keys`; its value and money.

    `values` are where its plain value stands in the item."""

    container: Expression
    keys: tuple[str, ...]
    value: Expression
    money: Amount | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One delivery to try a mapping with. `attested`: how well; `gives`: the types of our events, in order."""

    file: File
    attested: str
    headers: Mapping[str, str]
    gives: tuple[str, ...]

    @property
    def name(self) -> str:
        """For people."""
        return self.file.stem

    def body(self) -> bytes:
        """The bytes of the body."""
        return self.file.read_bytes()


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor's webhooks."""

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
    speaks_ours: bool = False
    """Whether the payloads are in our own vocabulary, so that there is nothing to map."""
    file: File = field(default=File())

    def knows(self, event: str) -> bool:
        """Whether an event of this name is mapped, knowingly ignored, or a ping."""
        return event in self.mappings or event in self.ignored or event in self.pings.events

    def types(self, kind: str) -> Iterator[str]:
        """The types of our events of a kind ("offer") that it can tell."""
        found = {name for mapping in self.mappings.values() for name in mapping.types()}
        yield from sorted(name for name in found if name.startswith(kind + "."))
