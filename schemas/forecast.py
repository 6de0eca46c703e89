"""The forecast of advice, as callers receive it: for one candidate, and for all of a tenant. Within v1, fields are only
added."""

from signpost.names import AUDIENCES, CHANGES, PRIORITIES
from signpost.schemas.containers import Items, Object
from signpost.schemas.fields import Choice, Id, Integer, Text
from signpost.schemas.formats import Instant
from signpost.schemas.recommendation import MAX_SEQUENCE, Employer, Key, LongText, Open, Subject

MAX_PAGE_ITEMS = 500


class ForecastItemSchema(Open):
    """One change of a recommendation at a future instant, if nothing else happens. `reason`: why it ends; null unless
    it does."""

    at = Instant(required=True)
    change = Choice(*CHANGES, required=True)
    recommendation = Id(required=True)
    sequence = Integer(required=True, minimum=1, maximum=MAX_SEQUENCE)
    audience = Choice(*AUDIENCES, required=True)
    rule = Id(required=True)
    subject = Object(Subject, required=True)
    employer = Object(Employer, required=True, nullable=True)
    title = LongText(required=True)
    priority = Choice(*PRIORITIES, required=True)
    due = Instant(required=True, nullable=True)
    reason = LongText(required=True, nullable=True)


class ForecastSchema(Open):
    """What changes for one candidate from `at` to `until`, in order of time; at one instant the most urgent first."""

    candidate = Key(required=True)
    at = Instant(required=True)
    until = Instant(required=True)
    rulebook = Text(required=True)
    items = Items(Object(ForecastItemSchema), required=True, max_items=MAX_PAGE_ITEMS)
    next = Text(required=True, nullable=True)


class HourSchema(Open):
    """The start of an hour, and the number of cases that change next within it."""

    hour = Instant(required=True)
    cases = Integer(required=True, minimum=1, maximum=2**53)


class TenantForecastSchema(Open):
    """How many cases of a tenant change next in which hour from `at` to `until`; hours without any are left out.
    `overdue`: cases whose next change is not later than `at`."""

    at = Instant(required=True)
    until = Instant(required=True)
    overdue = Integer(required=True, minimum=0, maximum=2**53)
    items = Items(Object(HourSchema), required=True, max_items=MAX_PAGE_ITEMS)
    next = Text(required=True, nullable=True)
