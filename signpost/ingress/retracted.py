"""Says whether a delivery takes a term back: it states null where the term would be, or what cannot be read. Pure.

A member that is missing says nothing, because a body may be a part of the record.
"""

from collections.abc import Iterator, Mapping

from signpost.ingress.amounts import Amount
from signpost.ingress.custom_fields import Nested
from signpost.ingress.expressions import Coalesce, DayStart, Expression, Path, ValueMap
from signpost.ingress.scope import DeliveryScope
from signpost.ingress.written import Written
from signpost.schemas.unreadable import Unreadable


def is_null(expression: Expression, scope: DeliveryScope) -> bool:
    """Return whether a place of an expression that has no value is null."""
    if isinstance(expression, Path):
        holder = scope.at(expression.steps[:-1]) if len(expression.steps) > 1 else None
        return isinstance(holder, Mapping) and holder.get(expression.steps[-1], "") is None
    if isinstance(expression, Coalesce):
        return any(is_null(one, scope) for one in expression.expressions)
    if isinstance(expression, Amount):
        return any(is_null(place, inner) for place, inner in _places(expression, scope))
    if isinstance(expression, Nested):
        found = expression.item.value(scope)
        return isinstance(found, Mapping) and _is_null_in(found, expression.inner, scope)
    return isinstance(expression, ValueMap | Written | DayStart) and is_null(expression.expression, scope)


def is_unread(expression: Expression | None, scope: DeliveryScope) -> bool:
    """Return whether a place of an expression that has no value states what the mapping cannot read."""
    if isinstance(expression, Path):
        return isinstance(scope.at(expression.steps), Unreadable)
    if isinstance(expression, Coalesce):
        return any(is_unread(one, scope) for one in expression.expressions)
    if isinstance(expression, Nested):
        found = expression.item.value(scope)
        return isinstance(found, Mapping) and is_unread(expression.inner, scope.under(found))
    if isinstance(expression, ValueMap | Written | DayStart):
        return expression.expression.value(scope) is not None or is_unread(expression.expression, scope)
    return False


def _is_null_in(found: Mapping[str, object], inner: Expression, scope: DeliveryScope) -> bool:
    """Whether a place inside an object is null."""
    if isinstance(inner, Path) and len(inner.steps) == 1:
        return found.get(inner.steps[0], "") is None
    return is_null(inner, scope.under(found))


def _places(amount: Amount, scope: DeliveryScope) -> Iterator[tuple[Expression, DeliveryScope]]:
    """Where an amount can be null: the object that holds nothing else, the money in it, or its number."""
    steps = amount.amount.steps if isinstance(amount.amount, Path) else ()
    for one in amount.objects:
        yield one, scope
        found = one.value(scope)
        for length in range(1, len(steps) + 1) if isinstance(found, Mapping) else ():
            yield Nested(one, Path(steps[:length])), scope
    if not amount.objects:
        yield amount.amount, scope
        yield Path(steps[:-1]), scope
