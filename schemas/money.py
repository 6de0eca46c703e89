"""Money as a field: an exact decimal amount, its currency, and the period it is paid for, if known."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.schemas.codes import CURRENCIES
from signpost.schemas.fields import DECIMAL, PERIODS, Choice, JsonSchema, Kind, Text, as_decimal, json_type
from signpost.schemas.reading import schema_loader


class Amount(Kind):
    """A decimal of at least 0, as a JSON number or decimal text: up to 15 digits before the point and 6 after."""

    def canonical(self, value: Any) -> str:
        """Return normalized decimal text without an exponent: "80000.1"."""
        if isinstance(value, str):
            if not DECIMAL.fullmatch(value):
                raise ValidationError('must be a number or a decimal text of at least 0, like "80000.50"')
            number = Decimal(value)
        else:
            number = as_decimal(value)
        if not 0 <= number < Decimal(10) ** 15:
            raise ValidationError("must be at least 0 and below 10^15")
        if number != number.quantize(Decimal("0.000001")):
            raise ValidationError("must have at most 6 decimals")
        text = f"{abs(number):.6f}"
        return text.rstrip("0").rstrip(".")

    def json_schema(self) -> JsonSchema:
        return {
            "oneOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": 10**15},
                {"type": "string", "pattern": f"^{DECIMAL.pattern}$"},
            ]
        }


class Currency(Kind):
    """ISO 4217, upper case."""

    def canonical(self, value: Any) -> str:
        if not isinstance(value, str) or value not in CURRENCIES:
            raise ValidationError('must be a currency of ISO 4217, like "USD"')
        return value

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"}


class MoneySchema(Schema):
    """{amount, currency, per}; without `per` the period is unknown, and the amount is compared with nothing."""

    class Meta:
        unknown = RAISE

    amount = Amount(required=True)
    currency = Currency(required=True)
    per = Choice(*PERIODS)


class Money(Kind):
    """Canonical: {"amount": "80000.1", "currency": "USD", "per": "year"}."""

    kind = "money"

    def canonical(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError(f"must be an object of amount, currency and optionally per, is {json_type(value)}")
        return schema_loader(MoneySchema).load(value)

    def json_schema(self) -> JsonSchema:
        return {"$ref": "#/$defs/money"}


class MoneyOrFalse(Money):
    """Money, or false for none."""

    kind = "money_or_false"

    def canonical(self, value: Any) -> Any:
        return False if value is False else super().canonical(value)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [super().json_schema(), {"const": False}]}


class TextOrFalse(Text):
    """A text, or false for none."""

    kind = "text_or_false"

    def canonical(self, value: Any) -> Any:
        return False if value is False else super().canonical(value)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [super().json_schema(), {"const": False}]}
