"""Days and times that a vendor writes by a pattern of their own (`format`). Pure."""

from dataclasses import dataclass
from typing import Any

from signpost.ingress.date_patterns import DatePattern
from signpost.ingress.expressions import Expression, name_of
from signpost.ingress.scope import DeliveryScope
from signpost.printable import escape, shorten


@dataclass(frozen=True, slots=True)
class Written:
    """A day or a time that the vendor writes by a pattern."""

    expression: Expression
    pattern: DatePattern

    def value(self, scope: DeliveryScope) -> Any:
        """Return it in ISO 8601; None, with a note, for a text that does not match the pattern."""
        found = self.expression.value(scope)
        iso = self.pattern.iso(found) if isinstance(found, str) else None
        if found is not None and iso is None:
            self._leave_out(found, scope)
        return iso

    def _leave_out(self, found: Any, scope: DeliveryScope) -> None:
        text = f"{name_of(self.expression, scope, 'a time')} was left out:"
        shown = escape(shorten(repr(found)))
        if lack := self.pattern.lack(found) if isinstance(found, str) else "":
            scope.leave_out(f"{text} {lack}", f"{text} it is {shown}, and {lack}")
        else:
            why = f"not written as {self.pattern.text}"
            scope.leave_out(f"{text} it is {why}", f"{text} it is {shown}, which is {why}")
