"""Translates a vendor's delivery to CloudEvent documents by its mapping. Pure: no signatures, no validation.

Fixed for all mappings: an event in the future, or without a time, gets the time of receipt and says so; a term that
does not fit the schema is left out (unknown, not wrong); an event without a subject is not emitted.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from signpost.case.event import Order
from signpost.case.fold import CUSTOM
from signpost.case.instant import format_instant, offset_at
from signpost.ingress.converting import convert
from signpost.ingress.custom_fields import custom_field
from signpost.ingress.expressions import Coalesce, Expression, Path, holds
from signpost.ingress.formats import instant, rfc3339, why_no_time
from signpost.ingress.left_out import misfit, position_of, why_left_out
from signpost.ingress.loops import each_item, with_names
from signpost.ingress.mapping import EventMapping, EventTemplate, Group, Vendor
from signpost.ingress.retracted import is_null
from signpost.ingress.scope import MAX_ITEMS, DeliveryScope, Trace, as_text, is_known, whole
from signpost.schemas import EVENT_SCHEMAS, InvalidEvent, Problem, dump_order, full_type
from signpost.schemas.cloudevent import UNDATED
from signpost.schemas.custom import OwnKinds
from signpost.schemas.events import OfferTerms
from signpost.schemas.fields import Id, Kind
from signpost.schemas.money import Money
from signpost.schemas.reading import schema_loader
from signpost.schemas.texts import NOT_IN_ID

Document: TypeAlias = dict[str, Any]
MAX_VERSION, LAST = 2**62, "last"
VERSION = re.compile("[0-9]{1,20}")
"""A version as a text; one that is too long for a number has more digits."""
ERASED, MAX_ERASED = "candidate.erased", 5000
"""Of a list of what to forget, more items are read than of others: a vendor says it only once."""
MAX_EVENT_ID_CHARS, MAX_EVENT_ID_BYTES = 128, 255
_TERM_KINDS = schema_loader(OfferTerms).fields
TERMS = frozenset(_TERM_KINDS)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver knows about a delivery.

    The CloudEvents source, the time of receipt (microseconds), a digest of the raw body, and the configuration of the
    source: the employer that runs the system ({id, name}), its time zone, its custom fields (term -> place), and the
    period of amounts for which the delivery states none. `own`: the fields that the tenant's rulebook declares.
    """

    source: str
    received: int
    digest: str
    employer: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    own: OwnKinds = field(default_factory=dict)
    pay_period: str = ""


def event_name(vendor: Vendor, headers: Mapping[str, str], body: Any, trace: Trace | None = None) -> str | None:
    """Return the vendor's name of the event; None if the delivery has none."""
    scope = DeliveryScope(body, headers, {}, vendor.formats, 0, trace=trace)
    found = vendor.event.value(scope) if vendor.event else None
    return found if isinstance(found, str) else None


def translate(
    vendor: Vendor,
    headers: Mapping[str, str],
    body: Any,
    receipt: Receipt,
    notes: list[str] | None = None,
    trace: Trace | None = None,
) -> list[Document]:
    """Return the CloudEvent documents of one delivery; none if it says nothing about a case. Adds to `notes` what
    was left out because it cannot be read, and to `trace` what found something.

    Raises InvalidEvent if an id that the mapping requires is missing.
    """
    name = event_name(vendor, headers, body, trace)
    mapping = vendor.mappings.get(name) if name is not None else None
    if mapping is None:
        return []
    formats = replace(vendor.formats, zone=receipt.zone or vendor.formats.zone)
    builtin = {"digest": receipt.digest, "event": name}
    scope = DeliveryScope(body, headers, builtin, formats, receipt.received, [] if notes is None else notes, trace)
    builtin["occurrence"] = as_text(vendor.occurrence.value(scope)) if vendor.occurrence else ""
    # Without an id of the occurrence, equal states are one, but equal terms may have been set back meanwhile
    builtin["statement"] = f"{builtin['occurrence'] or receipt.received}-{receipt.digest[:16]}"
    builtin["occurrence"] = builtin["occurrence"] or receipt.digest
    translator = Translator(vendor, receipt)
    return [document for inner in each_item(mapping.each, scope) for document in translator.translate(mapping, inner)]


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates one delivery."""

    vendor: Vendor
    receipt: Receipt

    def translate(self, mapping: EventMapping, outer: DeliveryScope) -> Iterator[Document]:
        """Yield the documents of one item of a delivery."""
        scope = with_names(mapping.let, outer)
        if not holds(mapping.when, scope):
            return
        _require(mapping, scope)
        for group in mapping.groups:
            yield from self._group(group, with_names(group.let, scope))

    def _group(self, group: Group, scope: DeliveryScope) -> Iterator[Document]:
        for template in group.templates:
            for inner in each_item(template.each, scope, MAX_ERASED if template.type == ERASED else MAX_ITEMS):
                if holds(template.when, inner):
                    yield from self._emit(template, inner)

    def _emit(self, template: EventTemplate, scope: DeliveryScope) -> Iterator[Document]:
        subject = as_text(template.subject.value(scope))
        kinds = schema_loader(EVENT_SCHEMAS[template.type]).fields
        data = {
            name: convert(kinds[name][1], expression.value(scope), scope) for name, expression in template.data.items()
        }
        if not subject or not all(is_known(value) for value in data.values()):
            return
        terms = self._terms(template, data, scope)
        terms |= self._retracted(template, terms, scope)
        if CUSTOM in kinds and (custom := self._custom(template, scope)):
            terms[CUSTOM] = custom
        has_undeclared = self._has_undeclared(template, scope)
        if template.only_with_terms and not (terms or has_undeclared):
            return
        if "employer" in kinds and (employer := self._employer(kinds["employer"][1], scope)):
            data["employer"] = employer
        stated = template.time.value(scope) if template.time else None
        written = rfc3339(stated, scope.formats)
        time = instant(stated, scope.formats) if written else None
        dated = time is not None and time <= self.receipt.received
        if stated is not None and time is None:
            self._note_undated("time", template.type, template.time, stated, scope)
        elif time is not None and not dated:
            scope.remark(f"the time of {template.type} is in the future; that of receipt counts")
        order = self._order(template, scope)
        yield {
            "specversion": "1.0",
            "id": _fitting_id(template.id.render(scope)),
            "source": self.receipt.source,
            "type": full_type(template.type),
            "time": (dated and written) or self._format_receipt(scope),
            "subject": subject,
            **({} if dated else {UNDATED: True}),
            "data": {**data, **terms},
            **dump_order(order),
        }

    def _format_receipt(self, scope: DeliveryScope) -> str:
        """Return the time of receipt, with the offset of the source's zone."""
        received, zone = self.receipt.received, scope.formats.zone
        return format_instant(received, offset_at(zone, received) if zone else 0)

    def _order(self, template: EventTemplate, scope: DeliveryScope) -> Order:
        as_of = template.as_of or self.vendor.order.as_of
        stated = as_of.value(scope) if as_of else None
        version = None if stated is None else _version(stated, scope)
        if stated is not None and version is None:
            self._note_undated("order (as_of)", template.type, as_of, stated, scope)
        return Order(self.receipt.received, version or 0, template.turn)

    def _note_undated(
        self, what: str, type_: str, found_by: Expression | None, stated: Any, scope: DeliveryScope
    ) -> None:
        """Note that the time of receipt replaces a time or a version that cannot be read."""
        at = position_of(self.vendor, found_by)
        note = f"{at}the {what} of {type_} was left out: its value cannot be read; the time of receipt counts"
        scope.leave_out(note, f"the {what} of {type_} is {why_no_time(stated, scope.formats)}; that of receipt counts")

    def _terms(self, template: EventTemplate, data: Document, scope: DeliveryScope) -> Document:
        schema = EVENT_SCHEMAS[template.type]
        kinds = schema_loader(schema).fields
        expressions = {**template.terms, **self._custom_terms(template)}
        sent = {name: expression.value(scope) for name, expression in expressions.items()}
        found = {name: convert(kinds[name][1], value, scope) for name, value in sent.items()}
        unread = [name for name, value in found.items() if value is None and is_known(sent[name])]
        terms = {name: self._with_period(kinds[name][1], value) for name, value in found.items() if value is not None}
        try:
            schema_loader(schema).load({**data, **terms})
        except ValidationError as error:
            unread += [name for name in terms if name in error.messages_dict]
        other = {name: misfit(expressions[name], scope) for name, value in sent.items() if value is None}
        for name in (*unread, *other):
            value = next((one for one in (found[name], sent[name], other.get(name)) if one is not None), None)
            self._note(name, kinds[name][1], value, template.terms.get(name), scope)
        return {name: value for name, value in terms.items() if name not in unread}

    def _retracted(self, template: EventTemplate, terms: Document, scope: DeliveryScope) -> Document:
        """The terms that a delivery takes back, as null."""
        kinds = schema_loader(EVENT_SCHEMAS[template.type]).fields
        expressions = {**template.terms, **self._custom_terms(template)}
        open_ones = [name for name in expressions if name not in terms and not isinstance(kinds[name][1], Id)]
        return {name: None for name in open_ones if self._takes_back(expressions[name], template, scope)}

    def _takes_back(self, expression: Expression, template: EventTemplate, scope: DeliveryScope) -> bool:
        """Whether the place of a value is null, in a body whose place in the vendor's order is known."""
        as_of = template.as_of or self.vendor.order.as_of
        if as_of is None or not is_null(expression, scope) or not _version(as_of.value(scope), scope):
            return False
        return expression.value(scope) is None and misfit(expression, scope) is None

    def _with_period(self, kind: Any, value: Any) -> Any:
        """Return an amount with the source's pay period if it has none; other values unchanged."""
        if not (self.receipt.pay_period and isinstance(kind, Money) and isinstance(value, Mapping)):
            return value
        return {"per": self.receipt.pay_period, **value}

    def _custom_terms(self, template: EventTemplate) -> dict[str, Expression]:
        """Return the terms from custom fields of this source; they precede those of the mapping."""
        if not (template.terms or template.custom) or not template.type.startswith("offer."):
            return {}
        kinds = schema_loader(EVENT_SCHEMAS[template.type]).fields
        found: dict[str, Expression] = {}
        for name, place in self.receipt.fields.items():
            if name in TERMS and name in kinds:
                expression = custom_field(self.vendor.custom, _TERM_KINDS[name][1].kind, place)
                found[name] = Coalesce((expression, template.terms[name])) if name in template.terms else expression
        return found

    def _custom(self, template: EventTemplate, scope: DeliveryScope) -> Document:
        """The fields that the rulebook declares for what this event is about, as far as the source keeps them."""
        declared = self.receipt.own.get(template.type.partition(".")[0], {})
        found: Document = {}
        for name, kind in declared.items():
            place = self.receipt.fields.get(f"{CUSTOM}.{name}")
            expression = custom_field(self.vendor.custom, kind.kind, place) if place else template.custom.get(name)
            value = expression.value(scope) if expression else None
            if not expression or not is_known(value):
                if expression and self._takes_back(expression, template, scope):
                    found[name] = None
                self._note(f"{CUSTOM}.{name}", kind, misfit(expression, scope), expression, scope)
                continue
            try:
                found[name] = kind.canonical(convert(kind, value, scope))
            except ValidationError:
                self._note(f"{CUSTOM}.{name}", kind, value, expression, scope)
        return found

    def _note(self, name: str, kind: Kind, value: Any, found_by: Expression | None, scope: DeliveryScope) -> None:
        """Note that a value was left out, with its place in the mapping or in the source; nothing if there is none."""
        if value is None:
            return
        if self._is_from_field(name, kind, scope):
            source = self.receipt.source.partition("/")[2]
            place = f"{name} (fields of source {source}: {self.receipt.fields[name]})"
            scope.notes.append(why_left_out(place, kind, value, scope))
        else:
            scope.notes.append(position_of(self.vendor, found_by) + why_left_out(name, kind, value, scope))

    def _is_from_field(self, name: str, kind: Kind, scope: DeliveryScope) -> bool:
        """Whether a field of the source has the value of a term; else the mapping has it."""
        if name not in self.receipt.fields:
            return False
        expression = custom_field(self.vendor.custom, kind.kind, self.receipt.fields[name])
        return expression.value(scope) is not None or misfit(expression, scope) is not None

    def _has_undeclared(self, template: EventTemplate, scope: DeliveryScope) -> bool:
        """Whether a sample has an own field: samples have no rulebook, and any rulebook could declare it."""
        declared = self.receipt.own.get(template.type.partition(".")[0], {})
        undeclared = [one for name, one in template.custom.items() if scope.trace and name not in declared]
        return any(scope.all_if_traced(is_known(one.value(scope)) for one in undeclared))

    def _employer(self, kind: Kind, scope: DeliveryScope) -> Document:
        """The employer of the source, else the one that the delivery names; without its id there is none."""
        zone = {"time_zone": self.receipt.zone.key} if self.receipt.zone else {}
        if self.receipt.employer:
            return {**self.receipt.employer, **zone}
        texts = {name: as_text(expression.value(scope)) for name, expression in self.vendor.employer.items()}
        named = {name: text for name, text in texts.items() if text} | zone if texts.get("id") else {}
        try:
            kind.canonical(named)
        except ValidationError:
            self._note("employer", kind, named, self.vendor.employer["id"], scope)
            return {}
        return named


def _fitting_id(text: str) -> str:
    """The id of an event; its digest if several long ids of the vendor make it too long, or if one of its parts has a
    character that no id may have."""
    fits = len(text) <= MAX_EVENT_ID_CHARS and len(text.encode()) <= MAX_EVENT_ID_BYTES and not NOT_IN_ID.search(text)
    return text if fits else sha256(text.encode()).hexdigest()


def _version(value: Any, scope: DeliveryScope) -> int | None:
    """A version, which may be digits in quotation marks, or a time of modification in microseconds; 0 for a number
    outside the limits, None for any other value. "last": nothing follows."""
    if value == LAST:
        return MAX_VERSION
    value = whole(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < MAX_VERSION else 0
    time = instant(value, scope.formats)
    if time is None and isinstance(value, str) and VERSION.fullmatch(value):
        return _version(int(value), scope)
    return time


def _require(mapping: EventMapping, scope: DeliveryScope) -> None:
    for name in mapping.require:
        if not as_text(scope.names.get(name)):
            expression = mapping.let[name]
            pointer = expression.pointer() if isinstance(expression, Path) else f"/{name}"
            raise InvalidEvent([Problem(pointer, "is missing; send the id")])
