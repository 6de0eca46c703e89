"""The request for a link to a calendar: its schema and its loader."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.case.instant import parse_instant
from signpost.schemas.fields import json_type
from signpost.schemas.formats import Instant
from signpost.schemas.problems import InvalidEvent, Problem, problems_of


class CalendarLinkSchema(Schema):
    """`expires`: when the link ends; without it, or null: never."""

    class Meta:
        unknown = RAISE

    expires = Instant(nullable=True)


def load_calendar_link(document: Any, now: int) -> int | None:
    """When the requested link expires (microseconds), or None. Raises InvalidEvent with every problem."""
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be an object, is {json_type(document)}")])
    try:
        loaded = CalendarLinkSchema().load(document)
    except ValidationError as error:
        raise InvalidEvent(problems_of(CalendarLinkSchema(), error.messages_dict, "")) from None
    expires = loaded.get("expires")
    if expires is not None and parse_instant(expires) <= now:
        raise InvalidEvent([Problem("/expires", "must be in the future")])
    return None if expires is None else parse_instant(expires)
