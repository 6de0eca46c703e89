"""The CloudEvents attributes of events as fields, and the full names of types. Reads no document."""

import re
from typing import Any

from marshmallow import ValidationError

from signpost.case.identity import APPLICATION
from signpost.printable import shorten
from signpost.schemas.attributes import is_json
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import Id, JsonSchema, Kind, Text, json_type
from signpost.schemas.formats import Instant
from signpost.suggestions import did_you_mean

PREFIX, VERSION = "signpost.", ".v1"
SPACE = re.compile(r"\s")


def full_type(short: str) -> str:
    """ "offer.extended" -> "signpost.offer.extended.v1"."""
    return f"{PREFIX}{short}{VERSION}"


_SHORT = {full_type(short): short for short in EVENT_SCHEMAS}


class SourceAttribute(Id):
    """A URI reference of 1 to 256 characters."""

    max_length = 256

    def canonical(self, value: Any) -> str:
        text = super().canonical(value)
        if SPACE.search(text):
            raise ValidationError("must not contain spaces")
        return text

    def json_schema(self) -> JsonSchema:
        return {**super().json_schema(), "format": "uri-reference"}


class EventId(Id):
    """1 to 128 characters and at most 255 bytes, the limit of an AMQP message id."""

    def canonical(self, value: Any) -> str:
        text = super().canonical(value)
        if len(text.encode()) > 255:
            raise ValidationError("must have at most 255 bytes in UTF-8")
        return text


class Subject(Id):
    """A candidate's id, or "application:" and an application's id."""

    max_length = len(APPLICATION) + Id.max_length

    def canonical(self, value: Any) -> str:
        text = super().canonical(value)
        if len(text.removeprefix(APPLICATION)) not in range(1, Id.max_length + 1):
            raise ValidationError(
                f'must be an id of 1 to {Id.max_length} characters, or "{APPLICATION}" and such an id'
            )
        return text


class EventType(Kind):
    """The full type ("signpost.offer.extended.v1"); canonical is the short one."""

    def canonical(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"must be a string, is {json_type(value)}")
        short = _SHORT.get(value)
        if short is None:
            hint = did_you_mean(value, _SHORT)
            raise ValidationError(f"is not an event type of Signpost: {shorten(value)!r}{hint}")
        return short

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "enum": list(_SHORT)}


class SpecVersion(Kind):
    """Exactly "1.0"."""

    def canonical(self, value: Any) -> str:
        if value != "1.0":
            raise ValidationError('must be "1.0"')
        return "1.0"

    def json_schema(self) -> JsonSchema:
        return {"const": "1.0"}


class JsonContent(Text):
    """A media type of JSON."""

    def canonical(self, value: Any) -> str:
        text = super().canonical(value)
        if not is_json(text):
            raise ValidationError("must be application/json")
        return text

    def json_schema(self) -> JsonSchema:
        return {**super().json_schema(), "description": "A media type of JSON, such as application/json"}


ATTRIBUTES: dict[str, Kind] = {
    "specversion": SpecVersion(required=True),
    "id": EventId(required=True),
    "source": SourceAttribute(required=True),
    "type": EventType(required=True),
    "time": Instant(required=True),
    "subject": Subject(required=True),
    "datacontenttype": JsonContent(),
    "dataschema": SourceAttribute(),
}
