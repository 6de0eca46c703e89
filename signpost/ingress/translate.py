"""A vendor's delivery to CloudEvent documents, as its mapping says. Pure.

What no mapping may decide otherwise: an event that lies ahead has the time of receipt, so does what has no time of its
own; a term that does not fit our vocabulary is left out (unknown, not wrong); what names nobody is not told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from schemas import EVENT_SCHEMAS, Problem, Refused, full_type
from schemas.events import OfferTerms
from schemas.fields import Id, Kind
from schemas.reading import reader
from signpost.case.instant import format_instant
from signpost.ingress.forms import MOST, First, Form, Listed, Path, Scope, day, holds, instant, is_known, word
from signpost.ingress.mapping import Custom, Group, Reading, Telling, Vendor

Document: TypeAlias = dict[str, Any]
TERMS = frozenset(OfferTerms().fields)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver knows of a delivery.

    The CloudEvents source, the time (microseconds), a digest of the raw body, and of the source's configuration: the
    employer whose system this is ({id, name}), its time zone, and our terms that lie in fields of its own.
    """

    source: str
    received: int
    digest: str
    employer: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


def event_name(vendor: Vendor, headers: Mapping[str, str], body: Any) -> str | None:
    """What the vendor calls the event; None where the delivery names none."""
    scope = Scope(body, headers, {}, vendor.formats, 0)
    found = vendor.event.value(scope) if vendor.event else None
    return found if isinstance(found, str) else None


def translate(vendor: Vendor, headers: Mapping[str, str], body: Any, receipt: Receipt) -> list[Document]:
    """The CloudEvent documents of one delivery; none where it says nothing about a case.

    Raises Refused where an id is missing that the mapping requires.
    """
    name = event_name(vendor, headers, body)
    reading = vendor.readings.get(name) if name is not None else None
    if reading is None:
        return []
    builtin = {"digest": receipt.digest, "event": name}
    formats = replace(vendor.formats, zone=receipt.zone or vendor.formats.zone)
    scope = Scope(body, headers, builtin, formats, receipt.received)
    teller = _Teller(vendor, receipt)
    return [document for inner in _each(reading.each, scope) for document in teller.read(reading, inner)]


@dataclass(frozen=True, slots=True)
class _Teller:
    """One translation."""

    vendor: Vendor
    receipt: Receipt

    def read(self, reading: Reading, outer: Scope) -> Iterator[Document]:
        """What one item of a delivery tells."""
        scope = _named(reading.let, outer)
        if not holds(reading.when, scope):
            return
        _require(reading, scope)
        for group in reading.groups:
            yield from self._group(group, _named(group.let, scope))

    def _group(self, group: Group, scope: Scope) -> Iterator[Document]:
        for telling in group.tells:
            for inner in _each(telling.each, scope):
                if holds(telling.when, inner):
                    yield from self._tell(telling, inner)

    def _tell(self, telling: Telling, scope: Scope) -> Iterator[Document]:
        subject = word_of(telling.subject.value(scope))
        kinds = reader(EVENT_SCHEMAS[telling.type]).fields
        data = {name: _converted(kinds[name][1], form.value(scope), scope) for name, form in telling.data.items()}
        if not subject or not all(is_known(value) for value in data.values()):
            return
        terms = self._terms(telling, data, scope)
        if telling.only_with_terms and not terms:
            return
        if "employer" in kinds and (employer := self._employer(scope)):
            data["employer"] = employer
        time = instant(telling.time.value(scope), scope.formats) if telling.time else None
        yield {
            "specversion": "1.0",
            "id": telling.id.loose(scope),
            "source": self.receipt.source,
            "type": full_type(telling.type),
            "time": format_instant(self.receipt.received if time is None else min(time, self.receipt.received)),
            "subject": subject,
            "data": {**data, **terms},
        }

    def _terms(self, telling: Telling, data: Document, scope: Scope) -> Document:
        schema = EVENT_SCHEMAS[telling.type]
        kinds = reader(schema).fields
        forms = {**telling.terms, **self._own(telling)}
        said = {name: _converted(kinds[name][1], form.value(scope), scope) for name, form in forms.items()}
        said = {name: value for name, value in said.items() if value is not None}
        try:
            reader(schema).load({**data, **said})
        except ValidationError as error:
            return {name: value for name, value in said.items() if name not in error.messages_dict}
        return said

    def _own(self, telling: Telling) -> dict[str, Form]:
        """The terms that this source keeps in fields of its own, before those of the mapping."""
        if not telling.terms or not telling.type.startswith("offer."):
            return {}
        found: dict[str, Form] = {}
        for name, place in self.receipt.fields.items():
            if name in TERMS:
                own = own_field(self.vendor.custom, name, place)
                found[name] = First((own, telling.terms[name])) if name in telling.terms else own
        return found

    def _employer(self, scope: Scope) -> Document:
        if self.receipt.employer:
            return dict(self.receipt.employer)
        said = {name: word(form.value(scope)) for name, form in self.vendor.employer.items()}
        return {name: text for name, text in said.items() if text} if said.get("id") else {}


def own_field(custom: Custom | None, term: str, place: str) -> Form:
    """Where a source's own field stands: "$.a.b" is a path into the body, all else the name of a custom field."""
    if place.startswith("$.") or custom is None:
        return Path(tuple(place.removeprefix("$.").split(".")))
    item: Form = Listed(custom.container, custom.keys, place) if custom.keys else _Member(custom.container, place)
    kind = reader(OfferTerms).fields[term][1].kind
    if custom.money is not None and kind in ("money", "money_or_false"):
        return replace(custom.money, objects=(item,))
    return _Of(item, custom.value)


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object by a name that may hold dots."""

    container: Form
    name: str

    def value(self, scope: Scope) -> Any:
        """What stands there."""
        found = self.container.value(scope)
        return found.get(self.name) if isinstance(found, Mapping) else None


@dataclass(frozen=True, slots=True)
class _Of:
    """A form inside of what another gives."""

    item: Form
    inner: Form

    def value(self, scope: Scope) -> Any:
        """The inner value."""
        found = self.item.value(scope)
        return self.inner.value(scope.under(found)) if isinstance(found, Mapping) else None


def word_of(value: Any) -> str:
    """An id at its full length; "" for everything else."""
    return "" if isinstance(value, bool) or not isinstance(value, int | str) else str(value)


def _named(let: Mapping[str, Form], scope: Scope) -> Scope:
    for name, form in let.items():
        scope = scope.under({name: form.value(scope)})
    return scope


def _each(each: tuple[str, Form] | None, scope: Scope) -> Iterator[Scope]:
    if each is None:
        yield scope
        return
    name, form = each
    found = form.value(scope)
    for item in found[:MOST] if isinstance(found, list) else ():
        yield scope.under({name: item})


def _require(reading: Reading, scope: Scope) -> None:
    for name in reading.require:
        if not word(scope.names.get(name)):
            form = reading.let[name]
            at = form.pointer() if isinstance(form, Path) else f"/{name}"
            raise Refused([Problem(at, "is missing: it must be an id")])


def _converted(kind: Kind, value: Any, scope: Scope) -> Any:
    """The value in the form of our field, where it can be read as such."""
    if isinstance(kind, Id):
        return word(value) or None
    if kind.kind == "instant":
        time = instant(value, scope.formats)
        return format_instant(time) if time is not None else None
    return day(value, scope.formats) if kind.kind == "date" else value
