"""Which parts of a mapping found nothing in its samples only because a part before them found nothing. Pure."""

from collections.abc import Generator, Iterator, Mapping, Sequence, Set

from signpost.ingress.amounts import Amount
from signpost.ingress.expressions import Expression, ItemWhere, Path
from signpost.ingress.mapping import EventMapping
from signpost.ingress.tree import parts_in


def after_gates(tried: Sequence[EventMapping], own: Set[int], found: Set[int]) -> set[int]:
    """Return the parts that come after a list, a condition, a subject, a required field or an amount without a value.
    `own`: the parts that can find something, by identity; `found`: those that did."""
    result: set[int] = set()
    for mapping in tried:
        lists = [expression for _, expression in mapping.each]
        result |= _after([*lists, mapping.when], (mapping.let, mapping.groups), own, found)
        for template in (template for group in mapping.groups for template in group.templates):
            lists = [expression for _, expression in template.each]
            gates = [*lists, template.when, template.subject, *template.data.values()]
            rest = template.time, template.terms, template.custom, template.as_of, template.id
            result |= _after(gates, rest, own, found)
    for pay in (part for part in parts_in(tried) if isinstance(part, Amount)):
        result |= _after([pay.amount, pay.currency], pay.per, own, found)
    return result


def _after(gates: Sequence[object], rest: object, own: Set[int], found: Set[int]) -> set[int]:
    """The parts that follow the first gate that found nothing, unless the rest was read all the same."""
    if {id(part) for part in parts_in(rest)} & found & own:
        return set()
    for index, gate in enumerate(gates):
        inside = {id(part) for part in parts_in(gate)} & own
        if inside and not inside & found:
            return {id(part) for part in parts_in((gates[index + 1 :], rest))}
    return set()


def after_names(tried: Sequence[EventMapping], own: Set[int], found: Set[int]) -> set[int]:
    """Return the parts that read a name of `let` without a value, and the conditions on the items of a list that was
    not found. What a name lacks is told where `let` defines it."""
    items = [part for part in parts_in(tried) if isinstance(part, ItemWhere)]
    conditions = {id(part) for one in items for part in parts_in(one.condition)}
    listless = {id(part) for one in items if _is_missing(one.items, own, found) for part in parts_in(one.condition)}
    return {id(part) for mapping in tried for part in _readers(mapping, own, found)} - conditions | listless


def _is_missing(expression: Expression, own: Set[int], found: Set[int]) -> bool:
    inside = {id(part) for part in parts_in(expression)} & own
    return bool(inside) and not inside & found


def _readers(mapping: EventMapping, own: Set[int], found: Set[int]) -> Iterator[object]:
    """Yield the parts of a mapping that read a name without a value."""
    outer = yield from _readers_in(mapping.let, frozenset(), own, found)
    yield from _reading(mapping.when, outer)
    for group in mapping.groups:
        empty = yield from _readers_in(group.let, outer, own, found)
        for template in group.templates:
            yield from _reading(template, empty - set(dict(template.each)))


def _readers_in(
    let: Mapping[str, Expression], empty: frozenset[str], own: Set[int], found: Set[int]
) -> Generator[object, None, frozenset[str]]:
    """Yield the parts of `let` that read a name without a value. Return all such names: a name has none because a part
    of what defines it found nothing."""
    for name, expression in let.items():
        yield from _reading(expression, empty)
        causes = {id(part) for part in parts_in(expression)} & own - found
        empty = empty | {name} if id(expression) not in found and causes else empty - {name}
    return empty


def _reading(parts: object, names: Set[str]) -> Iterator[object]:
    """Yield the paths that begin with one of the names, and the conditions on them."""
    for part in parts_in(parts):
        path = part[0] if isinstance(part, tuple) and part else part
        if isinstance(path, Path) and path.steps[0] in names:
            yield part
