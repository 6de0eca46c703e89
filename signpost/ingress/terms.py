"""The optional fields of an event: by the mapping, from the source's custom fields, and own fields. Pure."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

from marshmallow import ValidationError

from signpost.case.fold import CUSTOM
from signpost.ingress.converting import convert
from signpost.ingress.custom_fields import custom_field
from signpost.ingress.expressions import Coalesce, Expression
from signpost.ingress.left_out import misfit, position_of, states_period, why_left_out, why_unchecked, why_undeclared
from signpost.ingress.mapping import EventTemplate, Vendor
from signpost.ingress.receipt import Receipt
from signpost.ingress.retracted import is_null, is_unread
from signpost.ingress.scope import DeliveryScope, as_text, is_known
from signpost.ingress.versions import read_version
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.event_parts import OfferTerms
from signpost.schemas.fields import Id, Kind
from signpost.schemas.money import Money
from signpost.schemas.reading import schema_loader

Document: TypeAlias = dict[str, Any]
_TERM_KINDS = schema_loader(OfferTerms).fields
TERMS = frozenset(_TERM_KINDS)


@dataclass(frozen=True, slots=True)
class TermReader:
    """Reads the optional fields of the events of one delivery."""

    vendor: Vendor
    receipt: Receipt

    def read(self, template: EventTemplate, data: Document, scope: DeliveryScope) -> Document:
        """Return the known fields, and as null those that the delivery takes back. `data`: the required fields."""
        terms, unread = self._stated(template, data, scope)
        terms |= self._retracted(template, terms, unread, scope)
        has_own = CUSTOM in schema_loader(EVENT_SCHEMAS[template.type]).fields
        custom = self._custom(template, scope) if has_own else {}
        return terms | {CUSTOM: custom} if custom else terms

    def _stated(self, template: EventTemplate, data: Document, scope: DeliveryScope) -> tuple[Document, Set[str]]:
        """The terms that can be read, and the names of those that are stated and cannot."""
        schema = EVENT_SCHEMAS[template.type]
        kinds = schema_loader(schema).fields
        expressions = {**template.terms, **self._custom_terms(template)}
        for name, expression in expressions.items():
            expressions[name] = self._first_that_fits(name, kinds[name][1], expression, scope)
        sent = {name: expression.value(scope.about(name)) for name, expression in expressions.items()}
        found = {name: convert(kinds[name][1], value, scope) for name, value in sent.items()}
        unread = [name for name, value in found.items() if value is None and is_known(sent[name])]
        known = {name: value for name, value in found.items() if value is not None}
        terms = {name: self._with_period(kinds[name][1], one, expressions[name], scope) for name, one in known.items()}
        try:
            schema_loader(schema).load({**data, **terms})
        except ValidationError as error:
            unread += [name for name in terms if name in error.messages_dict]
        other = {name: misfit(expressions[name], scope) for name, value in sent.items() if value is None}
        lost = {name for name, value in other.items() if value is not None or is_unread(expressions[name], scope)}
        for name in (*unread, *other):
            value = next((one for one in (found[name], sent[name], other.get(name)) if one is not None), None)
            self._note(name, kinds[name][1], value, template.terms.get(name), scope)
        return {name: value for name, value in terms.items() if name not in unread}, lost.union(unread)

    def _first_that_fits(self, name: str, kind: Kind, expression: Expression, scope: DeliveryScope) -> Expression:
        """The first of several places whose value fits the kind, with notes on those before it; else all of them."""
        places = list(_places_of(expression))
        unread: list[tuple[Expression, Any]] = []
        for place, value in (
            scope.all_if_traced((one, one.value(scope.about(name))) for one in places) if places[1:] else ()
        ):
            if value is None:
                continue
            if _fits(kind, value, scope):
                for one, stated in unread:
                    self._note(name, kind, stated, one, scope)
                return place
            unread.append((place, value))
        return expression

    def _retracted(self, template: EventTemplate, terms: Document, unread: Set[str], scope: DeliveryScope) -> Document:
        """The terms that a delivery takes back, as null, and those that it changed to what cannot be read: the value
        before is not in force any more."""
        if not self._has_order(template, scope):
            return {}
        kinds = schema_loader(EVENT_SCHEMAS[template.type]).fields
        expressions = {**template.terms, **self._custom_terms(template)}
        open_ones = [name for name in expressions if name not in terms and not isinstance(kinds[name][1], Id)]
        return {name: None for name in open_ones if name in unread or is_null(expressions[name], scope)}

    def _has_order(self, template: EventTemplate, scope: DeliveryScope) -> bool:
        """Whether the place of a body in the vendor's order is known; of any other, a later one may have been read."""
        as_of = template.as_of or self.vendor.order.as_of
        return as_of is not None and bool(read_version(as_of.value(scope), scope))

    def _with_period(self, kind: Any, value: Any, expression: Expression, scope: DeliveryScope) -> Any:
        """Return an amount with the source's pay period if the delivery states none; other values unchanged. A period
        that is stated and cannot be read stays unknown."""
        if not (self.receipt.pay_period and isinstance(kind, Money) and isinstance(value, Mapping)):
            return value
        return value if states_period(expression, scope) else {"per": self.receipt.pay_period, **value}

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
        has_order = bool(declared) and self._has_order(template, scope)
        for name, kind in declared.items():
            place = self.receipt.fields.get(f"{CUSTOM}.{name}")
            expression = custom_field(self.vendor.custom, kind.kind, place) if place else template.custom.get(name)
            if expression:
                found |= self._own(name, kind, expression, has_order, scope)
        self._note_undeclared(template, declared.keys(), scope)
        return found

    def _own(self, name: str, kind: Kind, expression: Expression, has_order: bool, scope: DeliveryScope) -> Document:
        """A declared field that can be read; as null, one that the delivery takes back."""
        place = self._first_that_fits(f"{CUSTOM}.{name}", kind, expression, scope)
        value = place.value(scope.about(f"{CUSTOM}.{name}"))
        if is_known(value) and _fits(kind, value, scope):
            return {name: kind.canonical(convert(kind, value, scope))}
        stated = value if is_known(value) else misfit(place, scope)
        self._note(f"{CUSTOM}.{name}", kind, stated, place, scope)
        is_over = stated is not None or is_null(place, scope) or is_unread(place, scope)
        return {name: None} if has_order and is_over else {}

    def _note_undeclared(self, template: EventTemplate, declared: Set[str], scope: DeliveryScope) -> None:
        """Note the values of fields that nobody declares, which may be misspelt. Samples may have no rulebook."""
        is_without_rules = scope.trace is not None and not any(self.receipt.own.values())
        about = template.type.partition(".")[0]
        for name, expression in template.custom.items():
            if name not in declared and is_known(expression.value(scope)):
                why = why_unchecked(name) if is_without_rules else why_undeclared(name, about, declared)
                scope.note(position_of(self.vendor, expression) + why)

    def _note(self, name: str, kind: Kind, value: Any, found_by: Expression | None, scope: DeliveryScope) -> None:
        """Note that a value was left out, with its place in the mapping or in the source; nothing if there is none."""
        if value is None:
            return
        if self._is_from_field(name, kind, scope):
            source = self.receipt.source.partition("/")[2]
            place = f"{name} (fields of source {source}: {self.receipt.fields[name]})"
            scope.note(why_left_out(place, kind, value, scope))
        else:
            scope.note(position_of(self.vendor, found_by) + why_left_out(name, kind, value, scope))

    def _is_from_field(self, name: str, kind: Kind, scope: DeliveryScope) -> bool:
        """Whether a field of the source has the value of a term; else the mapping has it."""
        if name not in self.receipt.fields:
            return False
        expression = custom_field(self.vendor.custom, kind.kind, self.receipt.fields[name])
        return expression.value(scope) is not None or misfit(expression, scope) is not None

    def has_undeclared(self, template: EventTemplate, scope: DeliveryScope) -> bool:
        """Whether a sample has an own field: its tenant is not known, and the rulebook of any could declare it."""
        declared = self.receipt.own.get(template.type.partition(".")[0], {})
        undeclared = [one for name, one in template.custom.items() if scope.trace and name not in declared]
        return any(scope.all_if_traced(is_known(one.value(scope)) for one in undeclared))

    def employer(self, kind: Kind, scope: DeliveryScope) -> Document:
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


def _places_of(expression: Expression) -> Iterator[Expression]:
    """The places that an expression tries one after the other."""
    if isinstance(expression, Coalesce):
        for one in expression.expressions:
            yield from _places_of(one)
    else:
        yield expression


def _fits(kind: Kind, value: Any, scope: DeliveryScope) -> bool:
    """Whether a value can be read as one of the kind."""
    try:
        return kind.canonical(convert(kind, value, scope)) is not None
    except ValidationError:
        return False
