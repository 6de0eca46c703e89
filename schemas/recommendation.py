"""The data of `signpost.recommendation.<change>.v1`, as consumers receive it. Within v1, fields are only added."""

from typing import Any

from marshmallow import EXCLUDE, Schema

from signpost.names import AUDIENCES, CHANGES, PRIORITIES, STATUSES, SUBJECTS
from signpost.schemas.containers import Items, Object
from signpost.schemas.fields import Boolean, Choice, Id, Integer, JsonSchema, Kind, Text
from signpost.schemas.formats import Instant

MAX_SEQUENCE = 2**53


class Open(Schema):
    """A tolerant reader: ignores fields that a later v1 adds."""

    class Meta:
        unknown = EXCLUDE


class Anything(Kind):
    """Any JSON value."""

    kind = "object"

    def canonical(self, value: Any) -> Any:
        return value

    def json_schema(self) -> JsonSchema:
        return {}


class AnyObject(Anything):
    """A JSON object with any members."""

    def json_schema(self) -> JsonSchema:
        return {"type": "object"}


class Key(Id):
    """A case key: a candidate's id, or "application:" and an id."""

    max_length = 140


class LongText(Text):
    """A text that Signpost writes; it may quote several texts of senders."""

    max_length = 20_000


class Subject(Open):
    kind = Choice(*SUBJECTS, required=True)
    id = Key(required=True)


class Employer(Open):
    id = Id(required=True, nullable=True)
    name = Text(required=True, nullable=True)


class Draft(Open):
    name = Text(required=True)
    title = LongText(required=True)
    body = LongText(required=True)


class EventNamed(Open):
    source = Text(required=True)
    id = Id(required=True)
    time = Instant(required=True)


class Because(Open):
    """One fact that made the rule hold, and the event that stated it; null if the fact is that a value is unknown."""

    fact = LongText(required=True)
    value = Anything(required=True, nullable=True)
    is_unknown = Boolean(data_key="unknown", attribute="unknown", required=True)
    event = Object(EventNamed, required=True, nullable=True)


class Point(Open):
    """One point about an option.

    `criterion`: the row of the chart; verdict `weigh`: only the candidate can judge it; `matters`: it concerns a
    priority that the candidate has stated.
    """

    criterion = Text(required=True)
    verdict = Choice("pro", "con", "weigh", "unknown", required=True)
    matters = Boolean(required=True)
    text = LongText(required=True)


class Option(Open):
    """One offer compared with the candidate's preferences; `offer` null stands for staying in the present job."""

    offer = Id(required=True, nullable=True)
    label = LongText(required=True)
    points = Items(Object(Point), required=True, distinct=False)


class Comparison(Open):
    """The pros-and-cons chart with one column for each option."""

    options = Items(Object(Option), required=True, distinct=False)


class Article(Open):
    id = Text(required=True)
    title = Text(required=True)


class Explanation(Open):
    because = Items(Object(Because), required=True, max_items=1000, distinct=False)
    article = Object(Article, required=True, nullable=True)
    norms = Items(AnyObject(), required=True, distinct=False)
    rulebook = Text(required=True)


class RecommendationSchema(Open):
    """Every field is always present; a field that does not apply is null."""

    id = Id(required=True)
    sequence = Integer(required=True, minimum=1, maximum=MAX_SEQUENCE)
    change = Choice(*CHANGES, required=True)
    status = Choice(*STATUSES, required=True)
    rule = Id(required=True)
    topic = Id(required=True)
    audience = Choice(*AUDIENCES, required=True)
    candidate = Key(required=True)
    subject = Object(Subject, required=True)
    employer = Object(Employer, required=True, nullable=True)
    priority = Choice(*PRIORITIES, required=True)
    due = Instant(required=True, nullable=True)
    valid_until = Instant(required=True, nullable=True)
    raised_at = Instant(required=True)
    changed_at = Instant(required=True)
    reason = LongText(required=True, nullable=True)
    title = LongText(required=True)
    message = LongText(required=True)
    steps = Items(LongText(), required=True, distinct=False)
    drafts = Items(Object(Draft), required=True, distinct=False)
    comparison = Object(Comparison, required=True, nullable=True)
    explanation = Object(Explanation, required=True)
