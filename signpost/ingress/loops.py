"""The names of a mapping (`let`) and its loops (`each`) in one delivery. Pure."""

from collections.abc import Mapping

from signpost.ingress.expressions import Expression, Path, name_of
from signpost.ingress.mapping import Loops
from signpost.ingress.scope import MAX_ITEMS, DeliveryScope, is_known
from signpost.schemas.fields import json_type


def with_names(let: Mapping[str, Expression], scope: DeliveryScope) -> DeliveryScope:
    """Return the scope with the values of `let`, each of which may use those before it."""
    for name, expression in let.items():
        value = expression.value(scope)
        scope = scope.under({name: value if value is None else scope.found(expression, value)})
    return scope


def each_item(
    loops: Loops, scope: DeliveryScope, limit: int = MAX_ITEMS, lacks: list[str] | None = None
) -> list[DeliveryScope]:
    """Return one scope for each item of the innermost list, at most `limit`; the scope itself without loops. Adds to
    `lacks` why there is none."""
    scopes = [scope]
    for name, expression in loops:
        outer, scopes = scopes, _items(name, expression, scopes, limit)
        if outer and not scopes and lacks is not None and (why := _why_none(expression, outer[0])) not in lacks:
            lacks.append(why)
    return scopes


def _why_none(expression: Expression, scope: DeliveryScope) -> str:
    """Why a list has no items: it is empty, not there, or something else."""
    name = name_of(expression, scope, "the list of each")
    found = scope.at(expression.steps) if isinstance(expression, Path) else expression.value(scope)
    if isinstance(found, list):
        return f"{name} is an empty list"
    return f"{name} is {json_type(found)}, and each needs a list" if is_known(found) else f"{name} has no list"


def _items(name: str, expression: Expression, scopes: list[DeliveryScope], limit: int) -> list[DeliveryScope]:
    found: list[DeliveryScope] = []
    count = 0
    for outer in scopes:
        value = expression.value(outer)
        outer.compare(expression, value)
        items = value if isinstance(value, list) else []
        count += len(items)
        found += [
            outer.under({name: item}, f"{name} {number} of {len(items)}" if len(items) > 1 else "")
            for number, item in enumerate(items[: limit - len(found)], 1)
        ]
    if count > limit:
        scopes[0].notes.append(f"{name!r} has {count} items: those after the first {limit} were left out")
    return found
