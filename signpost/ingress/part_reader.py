"""Reads the parts of a mapping file that stand beside its events: the order, the employer, the custom fields."""

from typing import Final

from signpost.case.event import Turn
from signpost.ingress.amounts import Amount
from signpost.ingress.event_types import meant_type
from signpost.ingress.expression_reader import NOTHING, ExpressionReader
from signpost.ingress.expressions import Expression
from signpost.ingress.mapping import Custom, Order
from signpost.schemas import EVENT_SCHEMAS
from signpost.yaml_files.reader import Node

TURNS: Final = {turn.name.lower(): turn for turn in sorted(Turn, key=lambda turn: turn is not Turn.OPEN)}
"""How an event begins a state; the first is the default."""


class PartReader(ExpressionReader):
    """Reads the nodes of one file."""

    def order(self, node: Node | None) -> Order:
        """Read how the vendor's statements are ordered."""
        members = self.members(node, "order", ("as_of", "receipt")) if node else {}
        receipt = self.members(members["receipt"], "receipt") if "receipt" in members else {}
        for name in receipt:
            if name not in EVENT_SCHEMAS:
                at = members["receipt"].key_position(name)
                self.problems.add("R013", at, f"{name!r} is not a known event type", meant_type(name))
        reasons = {name: self.text(inner, "the reason") for name, inner in receipt.items()}
        return Order(self.expression(members["as_of"]) if "as_of" in members else None, reasons)

    def custom(self, node: Node | None) -> Custom | None:
        """Read how to find a source's custom field."""
        if node is None:
            return None
        members = self.members(node, "custom", ("in", "keys", "value", "money"), ("in", "value"))
        money = self.expression(members["money"]) if "money" in members else None
        parts = [self.expression(members[name]) if name in members else NOTHING for name in ("in", "value")]
        keys = self.texts(members.get("keys"), "keys")
        return Custom(parts[0], keys, parts[1], money if isinstance(money, Amount) else None)

    def employer(self, node: Node | None) -> dict[str, Expression]:
        """Read where a delivery names the employer."""
        if node is None:
            return {}
        return {
            name: self.expression(inner)
            for name, inner in self.members(node, "employer", ("id", "name"), ("id",)).items()
        }
