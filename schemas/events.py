"""The data of every event that senders may send, one marshmallow class each, and their table. Declarations only."""

from marshmallow import Schema

from signpost.schemas.containers import ChoiceList, Object, TextList
from signpost.schemas.custom import Custom
from signpost.schemas.event_parts import WORKPLACES, Benefits, Employer, Location, Names, OfferTerms, Strict
from signpost.schemas.fields import Boolean, Choice, Id, Integer, Line, NoticePeriod, Number, Percent, PersonId, Text
from signpost.schemas.formats import Country, Date, Instant, Locale, TimeZone
from signpost.schemas.money import Money, MoneyOrFalse
from signpost.schemas.policy import Digest, QuietHours, Wait


class OfferNamed(Strict):
    """The offer and its employer."""

    offer = Id(required=True)
    employer = Object(Employer)
    application = Id()


class OfferCountered(OfferNamed, OfferTerms):
    """The employer's better offer, which changes the offer's terms once the candidate accepts it."""


class OfferWithTerms(OfferNamed, OfferTerms, Names):
    custom = Custom()


class OfferAccepted(OfferNamed, Names):
    by = Choice("verbal", "written")


class OfferWithdrawalPlanned(OfferNamed):
    reasons = ChoiceList("compensation", "growth", "benefits", "location", "flexibility", "culture", "family", "other")
    bottom_line = Money()


class OfferLetterReceived(OfferNamed, Names):
    letter = Object(OfferTerms)
    custom = Custom()


class InterviewNamed(Strict):
    """The interview and its employer."""

    interview = Id(required=True)
    employer = Object(Employer)
    application = Id()


class InterviewScheduled(InterviewNamed, Names):
    starts_at = Instant()
    ends_at = Instant()
    format = Choice("onsite", "video", "phone")
    round = Integer()
    final = Boolean()
    interviewers = TextList()
    word_by = Date()
    custom = Custom()


class InterviewCompleted(InterviewNamed, Names):
    completed_at = Instant()


class InterviewPrepared(InterviewNamed):
    step = Choice("research", "questions", "skills", "answers", "outfit", "bag", "inclusion", required=True)


class InterviewThanked(InterviewNamed):
    channel = Choice("email", "message", "handwritten", required=True)


class ApplicationNamed(Names):
    application = Id(required=True)
    employer = Object(Employer)


class ApplicationSubmitted(ApplicationNamed):
    custom = Custom()


class ContactLogged(Strict):
    """A conversation or message; it belongs to an offer or to an application."""

    class Meta(Strict.Meta):
        any_of = ("offer", "application")

    offer = Id()
    application = Id()
    by = Choice("candidate", "employer")
    channel = Choice("phone", "video", "in_person", "email", "letter", "message")
    purpose = Choice("thanks", "withdrawal", "deadline", "check_in", "negotiation", "answer", "other")


class EmploymentCurrent(Strict):
    employer = Object(Employer)
    title = Line()
    manages_people = Boolean()
    notice_period_days = NoticePeriod(3650)
    notice_period_weeks = NoticePeriod(520)
    notice_period_months = NoticePeriod(120)
    notice_to = Choice("any_day", "month_end", "mid_month_or_month_end", "quarter_end")
    salary = Money()
    bonus = MoneyOrFalse()
    benefits = Object(Benefits)
    paid_leave_days = Integer()
    location = Object(Location)
    workplace = Choice(*WORKPLACES)
    commute_minutes = Integer()
    hours_per_week = Number(maximum=168)
    overtime_paid = Boolean()
    weekends = Boolean()
    on_call = Boolean()
    travel_percent = Percent()
    growth_path = Text()
    team = Text()
    work_life = Text()


class EmploymentResignationPlanned(Strict):
    planned = Boolean()


class EmploymentResigned(Strict):
    last_day = Date()


class EmploymentStarted(Strict):
    offer = Id(required=True)


class MarketRange(Strict):
    low = Money()
    high = Money()


class CandidatePreferences(Strict):
    display_name = Line()
    salary_target = Money()
    salary_floor = Money()
    monthly_needs = Money()
    priorities = ChoiceList("retirement", "medical", "leave", "pay", "growth", "flexibility", "inclusion", "location")
    non_negotiables = TextList()
    market_range = Object(MarketRange, kind="range")
    workplace = Choice(*WORKPLACES)
    region = Line()
    country = Country()
    unwanted_regions = TextList()
    max_commute_minutes = Integer()
    has_family = Boolean()
    has_children = Boolean()
    notice_country = Country()
    changing_industry = Boolean()
    has_recruiter = Boolean()
    time_zone = TimeZone()
    locale = Locale()
    agenda_max_cards = Integer(minimum=1, maximum=20)
    agenda_quiet_hours = QuietHours()
    agenda_digest = Digest()
    agenda_settling_time = Wait()
    agenda_topics_off = TextList()
    custom = Custom()


class CandidateDiscussed(Strict):
    whom = Choice("family", "recruiter", data_key="with", attribute="with", required=True)


class CandidateMerged(Strict):
    into = PersonId(required=True)


class AdviceAnswered(Strict):
    recommendation = Id(required=True)


class AdviceSnoozed(AdviceAnswered):
    until = Instant(required=True)


class Nothing(Strict):
    """No data: the type of the event says everything."""


EVENT_SCHEMAS: dict[str, type[Schema]] = {
    "offer.extended": OfferWithTerms,
    "offer.updated": OfferWithTerms,
    "offer.accepted": OfferAccepted,
    "offer.acceptance_planned": OfferNamed,
    "offer.declined": OfferNamed,
    "offer.withdrawn": OfferNamed,
    "offer.withdrawal_planned": OfferWithdrawalPlanned,
    "offer.rescinded": OfferNamed,
    "offer.expired": OfferNamed,
    "offer.countered": OfferCountered,
    "offer.letter_received": OfferLetterReceived,
    "offer.letter_signed": OfferNamed,
    "interview.scheduled": InterviewScheduled,
    "interview.rescheduled": InterviewScheduled,
    "interview.cancelled": InterviewNamed,
    "interview.completed": InterviewCompleted,
    "interview.prepared": InterviewPrepared,
    "interview.thanked": InterviewThanked,
    "application.submitted": ApplicationSubmitted,
    "application.rejected": ApplicationNamed,
    "application.withdrawn": ApplicationNamed,
    "contact.logged": ContactLogged,
    "employment.current": EmploymentCurrent,
    "employment.resignation_planned": EmploymentResignationPlanned,
    "employment.resigned": EmploymentResigned,
    "employment.ended": Nothing,
    "employment.started": EmploymentStarted,
    "candidate.preferences": CandidatePreferences,
    "candidate.discussed": CandidateDiscussed,
    "candidate.merged": CandidateMerged,
    "candidate.erased": Nothing,
    "advice.done": AdviceAnswered,
    "advice.dismissed": AdviceAnswered,
    "advice.snoozed": AdviceSnoozed,
}
"""Short event type ("offer.extended") -> schema of its data."""
