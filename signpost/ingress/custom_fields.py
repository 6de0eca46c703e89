"""Where a source keeps a field that its vendor lets customers define. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from signpost.ingress.expressions import Coalesce, Expression, ListLookup, Path
from signpost.ingress.mapping import Custom
from signpost.ingress.scope import BODY, DeliveryScope


def custom_field(custom: Custom | None, kind: str, place: str) -> Expression:
    """Return the expression of a custom field: "$.a.b" is a path into the body, else the field's name; with a vendor
    without custom fields, a path into the body or else from a name of its mapping."""
    steps = tuple(place.removeprefix("$.").split("."))
    if place.startswith("$."):
        return Path((BODY, *steps))
    if custom is None:
        return Coalesce((Path((BODY, *steps)), Path(steps)))
    item: Expression = (
        ListLookup(custom.container, custom.keys, place) if custom.keys else _Member(custom.container, place)
    )
    value = Nested(item, custom.value)
    if custom.money is None or kind not in ("money", "money_or_false"):
        return value
    money = replace(custom.money, objects=(item,))
    return money if kind == "money" else Coalesce((money, _NoMoney(value)))


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object; its name may contain dots."""

    container: Expression
    name: str

    def value(self, scope: DeliveryScope) -> Any:
        """Return the value of the member."""
        found = self.container.value(scope)
        return found.get(self.name) if isinstance(found, Mapping) else None


@dataclass(frozen=True, slots=True)
class Nested:
    """An expression inside the object that another expression returns."""

    item: Expression
    inner: Expression

    def value(self, scope: DeliveryScope) -> Any:
        """Return the inner value."""
        found = self.item.value(scope)
        return self.inner.value(scope.under(found)) if isinstance(found, Mapping) else None


@dataclass(frozen=True, slots=True)
class _NoMoney:
    """`false` where another expression returns it: there is none."""

    expression: Expression

    def value(self, scope: DeliveryScope) -> Any:
        """Return False, or None for any other value."""
        return False if self.expression.value(scope) is False else None
