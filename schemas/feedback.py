"""What a consumer says back about a recommendation, over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.names import ANSWERS
from signpost.schemas.fields import Choice, Id, Instant
from signpost.schemas.problems import InvalidEvent, Problem, problems_of


class FeedbackSchema(Schema):
    """`until`: of snoozed, and of it alone. `id`: the caller's own; the same one sent again changes nothing."""

    class Meta:
        unknown = RAISE

    answer = Choice(*ANSWERS, required=True)
    until = Instant()
    id = Id()


@dataclass(frozen=True, slots=True)
class Feedback:
    """An answer to a recommendation; `until` as RFC 3339."""

    answer: str
    until: str | None
    id: str | None


def load_feedback(document: Any) -> Feedback:
    """The feedback of a parsed request. Raises Refused with every problem."""
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", "must be an object with `answer`")])
    said = {name: value for name, value in document.items() if value is not None}
    try:
        read = FeedbackSchema().load(said)
    except ValidationError as error:
        raise InvalidEvent(problems_of(FeedbackSchema(), error.messages_dict, "")) from None
    if (read["answer"] == "snoozed") != ("until" in read):
        raise InvalidEvent([Problem("/until", "belongs to snoozed, and to it alone")])
    return Feedback(read["answer"], read.get("until"), read.get("id"))
