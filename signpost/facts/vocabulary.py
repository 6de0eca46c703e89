"""The vocabulary: every field that rules can use, with its type. Derived from the event schemas, plus derived fields;
holds no values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from signpost.case.fold import BENEFITS, CUSTOM
from signpost.facts.life import LIFE, OVER, OVER_TO_EMPLOYER, Life
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.custom import OwnKinds
from signpost.schemas.fields import Kind
from signpost.schemas.meanings import MEANINGS


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a kind of entity.

    `type`: text, choice, choices, texts, number, days, money, instant, date, boolean, object, range. `choices`:
    the allowed values.
    `private`: known only to the candidate, so advice to employers cannot use it.
    `title`: the label, if it differs from the name. `own`: checks the values of a field that a rulebook declares;
    None for a built-in field.
    """

    name: str
    type: str
    choices: tuple[str, ...] = ()
    private: bool = False
    title: str = ""
    own: Kind | None = field(default=None, compare=False)
    meaning: str = ""
    """One sentence for authors."""

    @property
    def label(self) -> str:
        """The name for readers."""
        return self.title or self.name.rpartition(".")[2].replace("_", " ")


@dataclass(frozen=True)
class Vocabulary:
    """Fields by kind of entity. A rulebook that declares fields has its own vocabulary."""

    kinds: Mapping[str, Mapping[str, Field]]
    life: Life = LIFE
    """How long entities live; a rulebook can set it."""

    def __hash__(self) -> int:
        return hash(tuple((kind, *fields) for kind, fields in self.own.items()))

    def __getitem__(self, kind: str) -> Mapping[str, Field]:
        return self.kinds[kind]

    def items(self) -> Iterable[tuple[str, Mapping[str, Field]]]:
        """(kind, fields by name)."""
        return self.kinds.items()

    @cached_property
    def own(self) -> Mapping[str, Mapping[str, Field]]:
        """The fields that the rulebook declares."""
        return {
            kind: {name: field for name, field in fields.items() if field.own is not None}
            for kind, fields in self.items()
        }

    @cached_property
    def own_kinds(self) -> OwnKinds:
        """Checks for the values of these fields."""
        return {
            kind: {name: field.own for name, field in fields.items() if field.own is not None}
            for kind, fields in self.items()
        }

    def with_own(self, declared: Mapping[str, Iterable[Field]]) -> "Vocabulary":
        """This vocabulary with more fields."""
        if not any(declared.values()):
            return self
        kinds = {kind: {**fields, **_table(declared.get(kind, ()))} for kind, fields in self.items()}
        return replace(self, kinds=kinds)


_TYPES = {"integer": "number", "percent": "number", "money_or_false": "money", "text_or_false": "text", "id": "text"}
_NESTED = ("benefits", "employer", "letter", CUSTOM)
_DAYS = ("notice_period_days", "paid_leave_days", "sick_leave_days")

PRESENT_TERMS = (
    *("salary", "bonus", "paid_leave_days", "location", "workplace", "commute_minutes", "hours_per_week"),
    *("overtime_paid", "weekends", "on_call", "travel_percent", "growth_path", "team", "work_life"),
)
"""Terms of the present job that `employment.current` can state, beside its benefits."""
OFFER_STAGE = ("open", "accepted", "declined", "withdrawn", "rescinded", "expired")
LETTER = ("none", "received", "signed")
STEPS = ("research", "questions", "skills", "answers", "outfit", "bag", "inclusion")
THANKS = ("email", "message", "handwritten")


def _declared(event: str, without: Iterable[str] = (), *, private: bool = False) -> Iterator[Field]:
    """The fields that one event's schema declares."""
    for name, declared in EVENT_SCHEMAS[event]().fields.items():
        if name not in (*without, *_NESTED):
            kind: str = getattr(declared, "kind", "text")
            choices: Any = getattr(declared, "choices", None) or ()
            yield Field(name, "days" if name in _DAYS else _TYPES.get(kind, kind), tuple(choices), private)


def _choices(event: str, name: str) -> tuple[str, ...]:
    """The choices of a field in one event's schema."""
    return tuple(getattr(EVENT_SCHEMAS[event]().fields[name], "choices", ()))


def _present(names: Iterable[str]) -> Iterator[Field]:
    """Terms of the present job, as an offer states them: `present_salary`."""
    for term in _declared("offer.extended"):
        if term.name in names:
            yield replace(term, name=f"present_{term.name}", private=True)
    for name in BENEFITS:
        yield Field(f"present_benefits.{name}", "boolean", private=True)


def _instants(*names: str, private: bool = False) -> Iterator[Field]:
    return (Field(name, "instant", private=private) for name in names)


def _table(*groups: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for group in groups for field in group}


_WHO = tuple(Field(name, "text") for name in ("employer", "employer_name", "employer_time_zone", "application"))
NAMES = ("candidate_name", "contact_name", "contact_role", "contact_addressed_as")
"""Who deals with whom: known to the employer of an offer, interview or application."""
_NAMES = tuple(Field(name, "text") for name in NAMES)
_OVER = (Field(OVER, "instant", private=True), Field(OVER_TO_EMPLOYER, "instant"))
_INTERNAL = Field("internal", "boolean", private=True)
_PLACE = (Field("city", "text"), Field("region", "text"), Field("country", "text"))

_OFFER = _table(
    _WHO,
    _NAMES,
    _PLACE,
    [
        Field("stage", "choice", OFFER_STAGE),
        Field("ended", "boolean"),
        Field("letter", "choice", LETTER),
        Field("location", "object"),
    ],
    _declared("offer.extended", ("offer", "employer", "application", "location")),
    (Field(f"benefits.{name}", "boolean") for name in BENEFITS),
    _instants(
        *("extended_at", "accepted_at", "declined_at", "withdrawn_at", "rescinded_at", "expired_at", "ended_at"),
        "countered_at",
    ),
    _instants("letter_received_at", "letter_signed_at", "started_at", "began_at"),
    _OVER,
    [_INTERNAL],
    (Field(name, "boolean", private=True) for name in ("away", "unwanted_place")),
    [Field("accepted_by", "choice", _choices("offer.accepted", "by"))],
    _instants("withdrawing_since", "respond_by_set_at", "more_time_answered_at"),
    _instants("acceptance_planned_at", "withdrawal_planned_at", private=True),
    [
        Field("withdrawal_reasons", "choices", _choices("offer.withdrawal_planned", "reasons"), private=True),
        Field("bottom_line", "money", private=True),
        Field("commute_minutes", "number", private=True),
        Field("notice_by", "date", private=True),
        Field("last_day_before", "date", private=True),
        Field("accepted_salary", "money"),
        Field("counteroffer_salary", "money"),
        Field("letter_salary", "money"),
        Field("letter_title", "text"),
        Field("letter_start_date", "date"),
        Field("letter_location", "object"),
        Field("letter_workplace", "choice", ("onsite", "hybrid", "remote")),
    ],
)
_INTERVIEW = _table(
    _WHO,
    _NAMES,
    [Field("stage", "choice", ("scheduled", "cancelled", "completed")), Field("second_record", "boolean")],
    _declared("interview.scheduled", ("interview", "employer", "application")),
    _OVER,
    [_INTERNAL],
    _instants("upcoming_until", "scheduled_at", "rescheduled_at", "cancelled_at", "completed_at", "thanked_at"),
    _instants(*(f"thanked.{channel}" for channel in THANKS)),
    (Field(f"prepared.{step}", "boolean", private=True) for step in STEPS),
)
_APPLICATION = _table(
    _WHO,
    _NAMES,
    [Field("stage", "choice", ("submitted", "rejected", "withdrawn"))],
    _OVER,
    [_INTERNAL],
    _instants("submitted_at", "rejected_at", "withdrawn_at", "interviewed_at"),
    [Field("word_by", "date")],
)
_CONTACT = _table(
    _WHO, _declared("contact.logged", ("offer", "application")), [Field("offer", "text")], _instants("at")
)
_CANDIDATE = _table(
    _declared("candidate.preferences", private=True),
    [
        Field("employed", "boolean", private=True),
        Field("resigned", "boolean", private=True),
        Field("resignation_planned", "boolean", private=True),
        Field("manages_people", "boolean", private=True),
        Field("notice_period_days", "days", private=True),
        Field("notice_period_weeks", "number", private=True),
        Field("notice_period_months", "number", private=True),
        Field("notice_to", "choice", _choices("employment.current", "notice_to"), private=True),
        Field("notice_period", "text", private=True),
        Field("present_employer", "text", private=True),
        Field("present_title", "text", private=True),
        Field("last_day", "date", private=True),
        Field("market_low", "money", private=True),
    ],
    _present(PRESENT_TERMS),
    _instants("resigned_at", "job_ended_at", "new_job_started_at", private=True),
    _instants("discussed_family_at", "discussed_recruiter_at", private=True),
)

KINDS = Vocabulary(
    {
        kind: {name: replace(field, meaning=MEANINGS[kind][name]) for name, field in fields.items()}
        for kind, fields in {
            "offer": _OFFER,
            "interview": _INTERVIEW,
            "application": _APPLICATION,
            "contact": _CONTACT,
            "candidate": _CANDIDATE,
        }.items()
    }
)
"""The fields that every rulebook has."""
