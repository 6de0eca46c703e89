"""Translates a vendor's delivery to CloudEvent documents by its mapping. Pure: no signatures, no validation.

Fixed for all mappings: an event in the future, or without a time, gets the time of receipt and says so; a term that
does not fit the schema is left out (unknown, not wrong); an event without a subject is not emitted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from signpost.case.event import Order, Turn
from signpost.case.instant import format_instant, offset_at
from signpost.ingress.converting import convert
from signpost.ingress.expressions import Condition, Expression, Path, holds
from signpost.ingress.formats import digits_hint, instant, rfc3339, why_no_time
from signpost.ingress.left_out import position_of
from signpost.ingress.loops import each_item, with_names
from signpost.ingress.mapping import EventMapping, EventTemplate, Group, Vendor
from signpost.ingress.receipt import Receipt
from signpost.ingress.scope import MAX_ITEMS, DeliveryScope, Trace, as_text, is_known
from signpost.ingress.terms import Document, TermReader
from signpost.ingress.tree import parts_in
from signpost.ingress.versions import read_version
from signpost.schemas import EVENT_SCHEMAS, InvalidEvent, Problem, dump_order, full_type
from signpost.schemas.cloudevent import MAX_AHEAD_US, UNDATED
from signpost.schemas.reading import schema_loader
from signpost.schemas.texts import NOT_IN_ID

ERASED, MAX_ERASED = "candidate.erased", 5000
"""Of a list of what to forget, more items are read than of others: a vendor says it only once."""
CONDITIONS = "its conditions (when) do not hold"
MAX_EVENT_ID_CHARS, MAX_EVENT_ID_BYTES = 128, 255


def event_name(vendor: Vendor, headers: Mapping[str, str], body: Any, trace: Trace | None = None) -> str | None:
    """Return the vendor's name of the event, which may be a whole number; None if the delivery has none."""
    scope = DeliveryScope(body, headers, {}, vendor.formats, 0, trace=trace)
    found = vendor.event.value(scope) if vendor.event else None
    return as_text(found) or None


def translate(
    vendor: Vendor,
    headers: Mapping[str, str],
    body: Any,
    receipt: Receipt,
    notes: list[str] | None = None,
    trace: Trace | None = None,
    missing: list[str] | None = None,
    silent: list[DeliveryScope] | None = None,
    lacks: list[str] | None = None,
) -> list[Document]:
    """Return the CloudEvent documents of one delivery; none if it says nothing about a case. Adds to `notes` what
    was left out because it cannot be read, to `trace` what found something, to `missing` without what an event was not
    emitted, to `silent` the items of `each` beside `on` that emit nothing, and to `lacks` why a list has no items, or
    that conditions do not hold.

    Raises InvalidEvent with every missing id that the mapping requires.
    """
    name = event_name(vendor, headers, body, trace)
    mapping = vendor.mappings.get(name) if name is not None else None
    if mapping is None:
        return []
    numbers = None if trace is None else trace.numbers
    formats = replace(vendor.formats, zone=receipt.zone or vendor.formats.zone, numbers=numbers)
    builtin = {"digest": receipt.digest, "event": name}
    scope = DeliveryScope(body, headers, builtin, formats, receipt.received, [] if notes is None else notes, trace)
    builtin["occurrence"] = as_text(vendor.occurrence.value(scope)) if vendor.occurrence else ""
    # Without an id of the occurrence, equal states are one, but equal terms may have been set back meanwhile
    builtin["statement"] = f"{builtin['occurrence'] or receipt.received}-{receipt.digest[:16]}"
    builtin["occurrence"] = builtin["occurrence"] or receipt.digest
    translator = Translator(vendor, receipt, [] if missing is None else missing, [] if lacks is None else lacks)
    limit = _max_items(one for group in mapping.groups for one in group.templates)
    items = each_item(mapping.each, scope, limit, translator.lacks)
    found = [(inner, list(translator.translate(mapping, inner))) for inner in items]
    documents = [document for _, emitted in found for document in emitted]
    if silent is not None:
        silent += [inner for inner, emitted in found if not emitted]
    if translator.problems:
        raise InvalidEvent(dict.fromkeys(translator.problems))
    if documents:  # else the reason why there are none says it
        for inner, text in translator.beside:
            inner.note(text)
    return documents


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates one delivery. `lacks`: the lists without items, and that conditions do not hold; `problems`: the ids
    without which the delivery is refused; `beside`: what lacks an id where other events may have theirs, with the scope
    to note it in."""

    vendor: Vendor
    receipt: Receipt
    missing: list[str]
    lacks: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    beside: list[tuple[DeliveryScope, str]] = field(default_factory=list)

    def translate(self, mapping: EventMapping, outer: DeliveryScope) -> Iterator[Document]:
        """Yield the documents of one item of a delivery."""
        scope = with_names(mapping.let, outer)
        if not self._holds(mapping.when, scope):
            return
        if problems := list(_find_missing_ids(mapping, scope)):
            self.problems.extend(problems)
            return
        groups = (self._group(group, with_names(group.let, scope)) for group in mapping.groups)
        yield from _mark_first_terms([document for group in groups for document in group])

    def _group(self, group: Group, scope: DeliveryScope) -> Iterator[Document]:
        for template in group.templates:
            for inner in each_item(template.each, scope, _max_items([template]), self.lacks):
                if self._holds(template.when, inner):
                    yield from self._emit(template, inner)

    def _holds(self, condition: Condition, scope: DeliveryScope) -> bool:
        is_met = holds(condition, scope)
        if not is_met and CONDITIONS not in self.lacks:
            self.lacks.append(CONDITIONS)
        return is_met

    def _emit(self, template: EventTemplate, scope: DeliveryScope) -> Iterator[Document]:
        subject = as_text(template.subject.value(scope))
        kinds = schema_loader(EVENT_SCHEMAS[template.type]).fields
        data = {
            name: convert(kinds[name][1], expression.value(scope.about(name)), scope)
            for name, expression in template.data.items()
        }
        unknown = {name: template.data[name] for name, value in data.items() if not is_known(value)}
        if not subject or unknown:
            self._miss(({} if subject else {"subject": template.subject}) | unknown, template, scope)
            return
        reader = TermReader(self.vendor, self.receipt)
        terms = reader.read(template, data, scope)
        has_undeclared = reader.has_undeclared(template, scope)
        if template.only_with_terms and not (terms or has_undeclared):
            self.missing.append(f"{template.type} has none of its terms")
            return
        if "employer" in kinds and (employer := reader.employer(kinds["employer"][1], scope)):
            data["employer"] = employer
        stated = template.time.value(scope.about("time")) if template.time else None
        written = rfc3339(stated, scope.formats)
        time = instant(stated, scope.formats) if written else None
        dated = time is not None and time <= self.receipt.received
        if stated is not None and time is None:
            self._note_undated("time", template.type, template.time, stated, scope)
        elif time is not None and not dated:
            self._note_future(template, scope, time)
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

    def _miss(self, unknown: Mapping[str, Expression], template: EventTemplate, scope: DeliveryScope) -> None:
        """Remember what an event lacks, with the place of each in the mapping."""
        for name, found_by in unknown.items():
            text = f"{position_of(self.vendor, found_by)}the {name} of {template.type} is missing, or no id"
            self.missing.append(text)
            paths = [part for part in parts_in(found_by) if isinstance(part, Path)]
            # Of what is neither an item nor stated there may be nothing: mappings list events that few deliveries have
            if scope.item or template.each or any(path.value(scope) is not None for path in paths):
                self.beside.append((scope, f"{text}: the event was left out"))

    def _format_receipt(self, scope: DeliveryScope) -> str:
        """Return the time of receipt, with the offset of the source's zone."""
        received, zone = self.receipt.received, scope.formats.zone
        return format_instant(received, offset_at(zone, received) if zone else 0)

    def _order(self, template: EventTemplate, scope: DeliveryScope) -> Order:
        as_of = template.as_of or self.vendor.order.as_of
        stated = as_of.value(scope) if as_of else None
        version = None if stated is None else read_version(stated, scope)
        if stated is not None and version is None:
            self._note_undated("order (as_of)", template.type, as_of, stated, scope)
        return Order(self.receipt.received, version or 0, template.turn)

    def _note_future(self, template: EventTemplate, scope: DeliveryScope, time: int) -> None:
        """Note that the time of receipt replaces one in the future; not where clocks differ a little."""
        text = f"{position_of(self.vendor, template.time)}the time of {template.type} is in the future"
        if time > self.receipt.received + MAX_AHEAD_US:
            scope.leave_out(f"{text}; the time of receipt counts", f"{text}; that of receipt counts")
        else:
            scope.remark(f"{text}; that of receipt counts")

    def _note_undated(
        self, what: str, type_: str, found_by: Expression | None, stated: Any, scope: DeliveryScope
    ) -> None:
        """Note that the time of receipt replaces a time or a version that cannot be read."""
        at = position_of(self.vendor, found_by)
        why = digits_hint(stated, scope.formats)
        note = f"{at}the {what} of {type_} was left out: its value cannot be read{why}; the time of receipt counts"
        why = why_no_time(stated, scope.formats)
        scope.leave_out(note, f"{at}the {what} of {type_} is {why}; that of receipt counts")


def _mark_first_terms(documents: list[Document]) -> Iterator[Document]:
    """Yield the documents. Terms that come with the beginning of an offer are marked as those of the beginning: other
    terms of the same version win, however late the beginning is delivered."""
    begun = [one["data"].get("offer") for one in documents if one["turn"] == Turn.FIRST.name.lower()]
    for one in documents:
        is_first = one["type"] == full_type("offer.updated") and one["data"]["offer"] in begun
        yield {**one, "turn": Turn.FIRST.name.lower()} if is_first else one


def _max_items(templates: Iterable[EventTemplate]) -> int:
    """How many items of a list count: more where all that they tell is whom to forget."""
    return MAX_ERASED if all(one.type == ERASED for one in templates) else MAX_ITEMS


def _fitting_id(text: str) -> str:
    """The id of an event; its digest if several long ids of the vendor make it too long, or if one of its parts has a
    character that no id may have."""
    fits = len(text) <= MAX_EVENT_ID_CHARS and len(text.encode()) <= MAX_EVENT_ID_BYTES and not NOT_IN_ID.search(text)
    return text if fits else sha256(text.encode()).hexdigest()


def _find_missing_ids(mapping: EventMapping, scope: DeliveryScope) -> Iterator[Problem]:
    for name in mapping.require:
        if not as_text(scope.names.get(name)):
            expression = mapping.let[name]
            pointer = expression.pointer() if isinstance(expression, Path) else f"/{name}"
            yield Problem(pointer, "is missing; send the id")
