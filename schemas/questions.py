"""The questions to a candidate, as callers and consumers receive them. Within v1, fields are only added."""

from signpost.names import PRIORITIES
from signpost.schemas.containers import Items, Object
from signpost.schemas.fields import Choice, Id, Integer, Text
from signpost.schemas.formats import Instant
from signpost.schemas.recommendation import MAX_SEQUENCE, AnyObject, Anything, Key, LongText, Open, Subject


class WaitingRule(Open):
    """A rule that some answer makes give advice about a subject, and with which priority."""

    rule = Id(required=True)
    subject = Object(Subject, required=True)
    priority = Choice(*PRIORITIES, required=True)


class EventToSend(Open):
    """The event that states an answer. The sender adds `specversion`, `id`, `source` and `time`."""

    type = Text(required=True)
    subject = Key(required=True)
    data = AnyObject(required=True)


class Fill(Open):
    """The value that the person states: its place in the event (a JSON pointer), its JSON Schema, and an example that
    would bring advice; null if this answer brings none."""

    pointer = Text(required=True)
    schema = AnyObject(required=True)
    example = Anything(required=True, nullable=True)


class OfferedAnswer(Open):
    """One possible answer. `fill`: null if the event is complete; else its value is null until it is filled in."""

    text = Text(required=True)
    event = Object(EventToSend, required=True)
    fill = Object(Fill, required=True, nullable=True)


class QuestionSchema(Open):
    """One question. `fact` names it within the case; `rules`: the advice that some answer brings."""

    fact = LongText(required=True)
    subject = Object(Subject, required=True)
    text = LongText(required=True)
    priority = Choice(*PRIORITIES, required=True)
    rules = Items(Object(WaitingRule), required=True, max_items=1000)
    answers = Items(Object(OfferedAnswer), required=True)


class QuestionListSchema(Open):
    """The questions to one candidate, whole, the most urgent first; empty once nothing is left to ask.

    `id`: of the list, for the life of a case; `sequence`: counts its changes, from 1.
    """

    id = Id(required=True)
    sequence = Integer(required=True, minimum=1, maximum=MAX_SEQUENCE)
    candidate = Key(required=True)
    changed_at = Instant(required=True)
    rulebook = Text(required=True)
    questions = Items(Object(QuestionSchema), required=True)
