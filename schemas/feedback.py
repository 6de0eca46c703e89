"""The feedback that a consumer sends about a recommendation over HTTP: its schema and its loader."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.case.instant import parse_instant
from signpost.names import ANSWERS
from signpost.schemas.fields import Choice, Id, json_type
from signpost.schemas.formats import Instant
from signpost.schemas.problems import InvalidEvent, Problem, problems_of


class FeedbackSchema(Schema):
    """`until` is required with the answer snoozed and not allowed otherwise; `id` makes a retry idempotent."""

    class Meta:
        unknown = RAISE

    answer = Choice(*ANSWERS, required=True)
    until = Instant()
    id = Id()


@dataclass(frozen=True, slots=True)
class Feedback:
    """The answer to a recommendation; `until` is RFC 3339 text."""

    answer: str
    until: str | None
    id: str | None


def load_feedback(document: Any, now: int) -> Feedback:
    """Return the feedback of a parsed request; `now` in microseconds. Raises InvalidEvent with every problem."""
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be an object with `answer`, is {json_type(document)}")])
    members = {name: value for name, value in document.items() if value is not None}
    problems: list[Problem] = []
    try:
        loaded = FeedbackSchema().load(members)
    except ValidationError as error:
        loaded = dict(error.valid_data or {})
        problems += problems_of(FeedbackSchema(), error.messages_dict, "")
    if "answer" in loaded and (loaded["answer"] == "snoozed") != ("until" in members):
        problems.append(Problem("/until", "is required with snoozed and not allowed with other answers"))
    elif loaded.get("until") and parse_instant(loaded["until"]) <= now:
        problems.append(Problem("/until", "must be in the future: until then the recommendation is not shown"))
    if problems:
        raise InvalidEvent(problems)
    return Feedback(loaded["answer"], loaded.get("until"), loaded.get("id"))
