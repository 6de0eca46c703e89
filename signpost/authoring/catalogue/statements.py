"""Which events state each field: computed by folding one full event of every type, so that it agrees with the
fold. Pure."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from marshmallow import Schema

from signpost.case.case import Case
from signpost.case.event import Event
from signpost.facts.facts import facts_of
from signpost.facts.vocabulary import KINDS
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.containers import Items, Object
from signpost.schemas.fields import Kind
from signpost.schemas.formats import Country, Locale, TimeZone
from signpost.schemas.policy import Digest, QuietHours, Wait

TENANT, CANDIDATE, NAME = "t", "c-1", "x"
EARLIER, LATER = 1, 2
_HELD: Final = Event(TENANT, TENANT, "held", "interview.completed", LATER, CANDIDATE, {"interview": NAME})
"""Some fields of an application need an interview that was held."""
_BY_TYPE: Final[Mapping[type[Kind], Any]] = {
    Country: "DE",
    TimeZone: "Europe/Berlin",
    Locale: "de-DE",
    QuietHours: "21:00 to 07:00",
    Digest: "daily at 08:00",
    Wait: "60s",
}
_BY_KIND: Final[Mapping[str, Any]] = {
    "boolean": True,
    "instant": "2026-03-02T09:00:00Z",
    "date": "2026-03-02",
    "money": {"amount": 1, "currency": "USD", "per": "year"},
    "custom": {},
}


def events_by_field() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Kind of entity -> field -> the short types of the events that state it, in the order of the schemas."""
    types: dict[str, dict[str, dict[str, None]]] = {
        kind: {name: {} for name in fields} for kind, fields in KINDS.items()
    }
    for type_ in EVENT_SCHEMAS:
        for data in _samples(EVENT_SCHEMAS[type_]):
            event = Event(TENANT, TENANT, type_, type_, EARLIER, CANDIDATE, EVENT_SCHEMAS[type_]().load(data))
            for kind, name in (*_fields_stated_by(event), *_fields_stated_by(event, _HELD)):
                types[kind][name][type_] = None
    return {kind: {name: tuple(names) for name, names in fields.items()} for kind, fields in types.items()}


def _fields_stated_by(event: Event, *others: Event) -> Iterator[tuple[str, str]]:
    facts = facts_of(Case().fold(event, *others), CANDIDATE)
    for kind, fields in KINDS.items():
        for entity in facts.of_kind(kind):
            names = (name for name, stamp in entity.stamps.items() if stamp[2] == event.id and name in fields)
            yield from ((kind, name) for name in names)


def _samples(schema: type[Schema]) -> Iterator[dict[str, Any]]:
    """Data with every field, once for each value of the choices that decide what the event means."""
    fields = {field.data_key or name: field for name, field in schema().fields.items() if isinstance(field, Kind)}
    plain = {name: _sample(field) for name, field in fields.items()}
    deciding = [name for name, field in fields.items() if field.kind == "choice" and (field.required or name == "by")]
    for words in product(*(fields[name].choices for name in deciding)):
        yield plain | dict(zip(deciding, words, strict=True))


def _sample(field: Kind) -> Any:
    if isinstance(field, Object):
        return next(_samples(field.schema))
    if isinstance(field, Items):
        return [_sample(field.item)]
    if field.choices:
        return field.choices[0]
    kind = field.kind.removesuffix("_or_false")
    return _BY_TYPE.get(type(field), _BY_KIND.get(kind, 1 if kind in ("number", "integer") else NAME))
