"""What the data of several events has in common: employers, places, benefits, terms of offers. Declarations only."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, validates_schema

from signpost.schemas.containers import ChoiceList, Object, TextList
from signpost.schemas.fields import Boolean, Choice, Id, Integer, Line, Number, Percent, Text
from signpost.schemas.formats import Country, Date, Deadline, TimeZone
from signpost.schemas.money import Money, MoneyOrFalse, TextOrFalse

WORKPLACES = ("onsite", "hybrid", "remote")


class Strict(Schema):
    """Rejects unknown fields instead of dropping them."""

    class Meta:
        unknown = RAISE
        any_of: tuple[str, ...] = ()
        """Fields of which at least one is required."""

    @validates_schema(skip_on_field_errors=False)
    def require_any(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError if none of the fields in `any_of` has a value."""
        names = self.Meta.any_of
        if names and all(data.get(name) is None for name in names):
            raise ValidationError(f"must name {' or '.join(names)}")


class Employer(Strict):
    id = Id()
    name = Line()
    time_zone = TimeZone()


class Location(Strict):
    city = Line()
    region = Line()
    country = Country()


class Benefits(Strict):
    """Each is true, false, or left out: unknown."""

    retirement_match = Boolean()
    paid_leave = Boolean()
    sick_days = Boolean()
    health = Boolean()
    dental = Boolean()
    vision = Boolean()
    life = Boolean()
    disability = Boolean()


class OfferTerms(Strict):
    """What an offer, its update, a counteroffer or the formal letter may state."""

    title = Line()
    salary = Money()
    negotiable = Boolean()
    bonus = MoneyOrFalse()
    commission = TextOrFalse()
    equity = TextOrFalse()
    benefits = Object(Benefits)
    paid_leave_days = Integer()
    sick_leave_days = Integer()
    benefits_cost = Money()
    respond_by = Deadline()
    start_date = Date()
    location = Object(Location)
    workplace = Choice(*WORKPLACES)
    relocation = Choice("offered", "refused")
    commute_minutes = Integer()
    hours_per_week = Number(maximum=168)
    basis = Choice("salaried", "hourly")
    overtime_paid = Boolean()
    weekends = Boolean()
    on_call = Boolean()
    travel_percent = Percent()
    growth_path = Text()
    team = Text()
    work_life = Text()
    highlights = TextList()
    conditions = ChoiceList("background_check", "references", "medical", "permit", "other")
    conditions_cleared = Boolean()


class Names(Strict):
    """Who deals with whom, as the employer knows it; the candidate's private events have no such fields."""

    candidate_name = Line()
    contact_name = Line()
    contact_role = Line()
    contact_addressed_as = Line()
