"""The data of `signpost.agenda.changed.v1`, as consumers receive it. Within v1, fields are only added."""

from signpost.names import AUDIENCES, PRIORITIES
from signpost.schemas.containers import Items, Object
from signpost.schemas.fields import Choice, Id, Integer, Text
from signpost.schemas.formats import Instant
from signpost.schemas.recommendation import MAX_SEQUENCE, Comparison, Draft, Employer, Key, LongText, Open


class CardSchema(Open):
    """One thing to do. `recommendations`: the ids of what it settles; `why_here`: what its place in the order depends
    on; `kind`: which kind of card of the rulebook joins them, null for a recommendation that has a card of its own.

    `due`: the next due time of its recommendations. `employer`: that of all of them, else null.
    """

    id = Id(required=True)
    kind = Text(required=True, nullable=True)
    title = LongText(required=True)
    message = LongText(required=True)
    steps = Items(LongText(), required=True, distinct=False)
    drafts = Items(Object(Draft), required=True, distinct=False)
    comparison = Object(Comparison, required=True, nullable=True)
    employer = Object(Employer, required=True, nullable=True)
    priority = Choice(*PRIORITIES, required=True)
    due = Instant(required=True, nullable=True)
    why_here = LongText(required=True)
    recommendations = Items(Id(), required=True, max_items=1000)


class HeldSchema(Open):
    """An active recommendation that is on no card: why, and when that ends by the clock alone, else null."""

    recommendation = Id(required=True)
    rule = Id(required=True)
    title = LongText(required=True)
    priority = Choice(*PRIORITIES, required=True)
    reason = LongText(required=True)
    until = Instant(required=True, nullable=True)


class CardChanges(Open):
    """Ids of cards, compared with the agenda published before."""

    added = Items(Id(), required=True)
    changed = Items(Id(), required=True)
    removed = Items(Id(), required=True)


class AgendaSchema(Open):
    """The agenda of one reader, whole: the first card is the first to do. Without cards, nothing is left to do.

    `id`: of the agenda of a reader, for the life of a case; `sequence`: counts its publications, from 1; `employer`:
    the id of the reader, null for the candidate's agenda.
    """

    id = Id(required=True)
    sequence = Integer(required=True, minimum=1, maximum=MAX_SEQUENCE)
    audience = Choice(*AUDIENCES, required=True)
    candidate = Key(required=True)
    employer = Id(required=True, nullable=True)
    changed_at = Instant(required=True)
    changes = Object(CardChanges, required=True)
    cards = Items(Object(CardSchema), required=True, max_items=1000, distinct=False)
    held = Items(Object(HeldSchema), required=True, max_items=1000, distinct=False)
