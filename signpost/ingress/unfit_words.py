"""Values of word tables that can never be those of the field that they are for. Pure.

The intake takes such a mapping, and leaves the values out: an upgrade that finds more must not disable a source."""

from collections.abc import Iterator, Mapping
from typing import Any

from signpost.case.fold import CUSTOM
from signpost.facts.vocabulary import Vocabulary
from signpost.ingress.amounts import Amount
from signpost.ingress.converting import convert
from signpost.ingress.expressions import Coalesce, Expression, ValueMap
from signpost.ingress.left_out import why_unfit
from signpost.ingress.mapping import EventTemplate, Vendor
from signpost.ingress.scope import DeliveryScope
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.fields import Kind
from signpost.schemas.reading import schema_loader
from signpost.yaml_files.problems import Position


def unfit_words(vendor: Vendor, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield each value that cannot be read, with its place and the near word. `vocabulary`: the own fields."""
    scope, found = DeliveryScope({}, {}, {}, vendor.formats, 0), dict[Position, str]()
    templates = (one for mapping in vendor.mappings.values() for group in mapping.groups for one in group.templates)
    for name, kind, expression in (field for one in templates for field in _fields(one, vocabulary)):
        for table, part in _tables(expression):
            for place in (place for place in vendor.words if place.part is table):
                value = table[place.text.casefold()]
                if value is not None and (why := _why_unfit(kind, value, part, scope)):
                    found.setdefault(place.position, f"the word {place.text!r} can never be a value of {name}{why}")
    yield from (f"{position}: {text}" for position, text in sorted(found.items()))


def _fields(template: EventTemplate, vocabulary: Vocabulary) -> Iterator[tuple[str, Kind, Expression]]:
    kinds = schema_loader(EVENT_SCHEMAS[template.type]).fields
    for name, expression in {**template.data, **template.terms}.items():
        yield name, kinds[name][1], expression
    own = vocabulary.own_kinds.get(template.type.partition(".")[0], {})
    for name, expression in template.custom.items():
        if name in own:
            yield f"{CUSTOM}.{name}", own[name], expression


def _tables(expression: Expression, part: str = "") -> Iterator[tuple[Mapping[str, Any], str]]:
    """The word tables by which a value is found, each with the part of an amount that it is for."""
    if isinstance(expression, ValueMap):
        yield expression.table, part
    elif isinstance(expression, Coalesce):
        for one in expression.expressions:
            yield from _tables(one, part)
    elif isinstance(expression, Amount):
        yield from _tables(expression.per, "per")
        yield from _tables(expression.currency, "currency")


def _why_unfit(kind: Kind, value: Any, part: str, scope: DeliveryScope) -> str:
    if part:
        word = value.upper() if part == "currency" and isinstance(value, str) else value
        return why_unfit(kind, {"amount": "1", "currency": "EUR", part: word}, quotes=True)
    converted = convert(kind, value, scope)
    return why_unfit(kind, value if converted is None else converted, quotes=True)
