"""The simple field types of events as marshmallow fields, each with its `kind` and `choices`. Declares no event.

Deserializing returns canonical JSON (see `signpost.case.Event`). An optional field accepts null, which retracts an
earlier value.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from marshmallow import ValidationError, fields

from signpost.case.identity import APPLICATION
from signpost.schemas.texts import NOT_IN_ID, NotAChoice, free_text, one_line
from signpost.schemas.unreadable import Unreadable

JsonSchema: TypeAlias = dict[str, Any]

MAX_ID, MAX_TEXT = 128, 2000
PERIODS = ("year", "month", "week", "day", "hour")
DECIMAL = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")


class Kind(fields.Field[Any]):
    """A field with a name for its kind.

    The kinds: text, choice, texts, choices, boolean, integer, number, instant, date, money, object, range,
    money_or_false, text_or_false.
    """

    kind: str = "text"
    choices: tuple[str, ...] = ()

    def __init__(self, *, required: bool = False, nullable: bool | None = None, **options: Any) -> None:
        super().__init__(required=required, allow_none=not required if nullable is None else nullable, **options)
        self.error_messages["required"] = "is missing"
        self.error_messages["null"] = "must not be null"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        return self.canonical(value)

    def canonical(self, value: Any) -> Any:
        """Return the canonical JSON of a value. Raises ValidationError with a message for the sender."""
        raise NotImplementedError

    def json_schema(self) -> JsonSchema:
        """Return the JSON Schema 2020-12 of the values that senders may send, except null."""
        raise NotImplementedError


class Text(Kind):
    """A free text of at most 2000 characters, in lines; characters that cannot be printed are replaced or removed."""

    min_length, max_length = 0, MAX_TEXT

    def canonical(self, value: Any) -> str:
        return self._check_length(free_text(str(check_string(value))))

    def _check_length(self, text: str) -> str:
        if not self.min_length <= len(text) <= self.max_length:
            raise ValidationError(f"must have {self.min_length} to {self.max_length} characters, has {len(text)}")
        return text

    def json_schema(self) -> JsonSchema:
        limits = {"maxLength": self.max_length}
        return {"type": "string", **({"minLength": self.min_length} if self.min_length else {}), **limits}


class Line(Text):
    """A text on one line: names, titles, places. White space is collapsed as well."""

    def canonical(self, value: Any) -> str:
        return self._check_length(one_line(str(check_string(value))))


class Id(Text):
    """A string of 1 to 128 characters, none of them a control character or invisible. An id is never changed."""

    min_length, max_length = 1, MAX_ID

    def canonical(self, value: Any) -> str:
        text = self._check_length(check_text(value))
        if NOT_IN_ID.search(text):
            raise ValidationError("must not contain control characters, line breaks or invisible characters")
        return text


class PersonId(Id):
    """The id of a person, who is known: none of an application whose candidate is not."""

    def canonical(self, value: Any) -> str:
        text = super().canonical(value)
        if text.startswith(APPLICATION):
            raise ValidationError(f'must be the id of a person, not "{APPLICATION}" and an id')
        return text


class Repaired(str):
    """A text of a sender in which U+FFFD replaces NUL characters and lone surrogates."""

    __slots__ = ()


def check_text(value: Any) -> str:
    """Return the value if it is a string that every database and JSON reader can hold. Raises ValidationError."""
    text = check_string(value)
    if isinstance(value, Repaired):
        raise ValidationError("must not contain the NUL character or lone surrogates")
    if "\0" in text:
        raise ValidationError("must not contain the NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValidationError("must not contain lone surrogates") from None
    return text


def check_string(value: Any) -> str:
    """Return the value if it is a string. Raises ValidationError."""
    if not isinstance(value, str):
        raise ValidationError(f"must be a string, is {json_type(value)}")
    return value


def json_type(value: Any) -> str:
    """Return the JSON type of a value, with its article; of an unreadable one, why it has none."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    if isinstance(value, Unreadable):
        return f"a value that cannot be read ({value.why})"
    names = ((str, "a string"), (int | float | Decimal, "a number"), (Mapping, "an object"), (Sequence, "an array"))
    return next((name for kinds, name in names if isinstance(value, kinds)), type(value).__name__)


class Choice(Kind):
    """One of a few words."""

    kind = "choice"

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def canonical(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValidationError(NotAChoice(value, self.choices, json_type(value)))
        return value

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "enum": list(self.choices)}


class Boolean(Kind):
    """true or false; numbers and texts are rejected."""

    kind = "boolean"

    def canonical(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(f"must be true or false, is {json_type(value)}")
        return value

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


class Number(Kind):
    """A finite number from `minimum` to `maximum`; canonical as an integer if it is whole."""

    kind = "number"

    def __init__(self, *, minimum: int = 0, maximum: int = 1_000_000, **options: Any) -> None:
        super().__init__(**options)
        self.minimum, self.maximum = minimum, maximum

    def canonical(self, value: Any) -> int | float:
        number = as_decimal(value)
        if not self.minimum <= number <= self.maximum:
            raise ValidationError(f"must be between {self.minimum} and {self.maximum}")
        return int(number) if number == number.to_integral_value() else float(number)

    def json_schema(self) -> JsonSchema:
        return {"type": self.kind, "minimum": self.minimum, "maximum": self.maximum}


class Integer(Number):
    """A whole number from `minimum` to `maximum`."""

    kind = "integer"

    def canonical(self, value: Any) -> int:
        number = super().canonical(value)
        if not isinstance(number, int):
            raise ValidationError("must be a whole number")
        return number


class NoticePeriod(Integer):
    """A whole number up to `longest`. v1 allows more in its schema, which is never narrowed."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest

    def canonical(self, value: Any) -> int:
        number = super().canonical(value)
        if number > self.longest:
            raise ValidationError(f"must be at most {self.longest}")
        return number


class Percent(Number):
    """A number from 0 to 100."""

    def __init__(self, **options: Any) -> None:
        super().__init__(minimum=0, maximum=100, **options)


def as_decimal(value: Any) -> Decimal:
    """Return a JSON number exactly as sent. Raises ValidationError for NaN, infinities and booleans."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValidationError(f"must be a number, is {json_type(value)}")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValidationError("must be a finite number")
    return number
