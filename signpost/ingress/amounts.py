"""Amounts of money: how a mapping finds them in a delivery, and what a delivery has in place of one. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from signpost.case.money import minor_digits
from signpost.ingress.expressions import Expression, Path
from signpost.ingress.formats import decimal_text
from signpost.ingress.scope import DeliveryScope, is_known
from signpost.ingress.tree import parts_in

MAX_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Amount:
    """Money: {amount, currency, per}, from the first of `objects` that has an amount, or from the scope itself.
    `minor_units`: the vendor states cents, or the like of another currency."""

    objects: tuple[Expression, ...]
    amount: Expression
    currency: Expression
    per: Expression
    minor_units: bool = False

    def value(self, scope: DeliveryScope) -> Any:
        """Return the money without validating it; None if amount or currency is unknown."""
        return self._read(scope)[0]

    def states_period(self, scope: DeliveryScope) -> bool:
        """Whether the object with the amount has a period, be it one that no word table knows."""
        _, inner = self._read(scope)
        paths = [part for part in parts_in(self.per) if isinstance(part, Path)]
        return inner is not None and any(inner.at(path.steps) not in (None, "", [], {}) for path in paths)

    def _read(self, scope: DeliveryScope) -> tuple[dict[str, Any] | None, DeliveryScope | None]:
        """The money, with the scope of the object that it was found in."""
        for inner in self._scopes(scope):
            amount = decimal_text(_stripped(self.amount.value(inner)), scope.formats)
            currency = _stripped(self.currency.value(inner))
            currency = currency.upper() if isinstance(currency, str) else currency
            if self.minor_units and isinstance(currency, str):
                amount = _in_major_units(amount, minor_digits(currency))
            money = {"amount": amount, "currency": currency}
            if all(value is not None for value in money.values()):
                per = self.per.value(inner)
                return (money if per is None else {**money, "per": per}), inner
        return None, None

    def misfit(self, scope: DeliveryScope) -> Any:
        """Return what is stated in place of an amount with its currency; None if nothing is."""
        values = [self._stated(inner) for inner in self._scopes(scope)]
        others = [found for one in self.objects if not isinstance(found := one.value(scope), Mapping)]
        return next((found for found in (*values, *others) if found is not None), None)

    def _stated(self, scope: DeliveryScope) -> Any:
        """A number where an object should be, an object without an amount, or an amount without its currency."""
        amount, currency = self.amount.value(scope), self.currency.value(scope)
        if amount is not None:
            return {"amount": amount} if currency is None else None
        steps = self.amount.steps[:-1] if isinstance(self.amount, Path) else ()
        found = Path(steps).value(scope) if steps else None
        if not isinstance(found, Mapping):
            return found
        # What `of` lists holds nothing but money; any other object holds more
        others = [value for value in found.values() if is_known(value) and value != currency]
        return found if self.objects and others else None

    def _scopes(self, scope: DeliveryScope) -> Iterator[DeliveryScope]:
        if not self.objects:
            yield scope
        for expression in self.objects:
            found = expression.value(scope)
            if isinstance(found, Mapping):
                yield scope.under(found)


def _in_major_units(amount: Any, digits: int) -> Any:
    """A number or its text, divided by 10 for each digit; any other value unchanged, and those too large for money."""
    try:
        number = Decimal(str(amount))
    except InvalidOperation:
        return amount
    is_usual = number.is_finite() and abs(number.adjusted()) < MAX_DIGITS
    return f"{number.scaleb(-digits):f}" if is_usual else amount


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
