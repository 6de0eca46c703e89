"""What is known of the candidate and of the present job, and fields that come from parts of a statement."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.facts.vocabulary import KINDS, Field
from signpost.schemas.fields import Text
from signpost.schemas.formats import Instant

START = parse_instant("2026-03-02T14:00:00Z")
Said = tuple[float, str, dict[str, Any]]
OFFER = {"offer": "o"}


def facts(*said: Said) -> Facts:
    """Facts of events given as (hours, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def candidate(*said: Said) -> Entity:
    return facts(*said).candidate


def job(hours: float, name: str, **data: Any) -> Said:
    return hours, f"employment.{name}", data


def offer(hours: float, name: str, **data: Any) -> Said:
    return hours, f"offer.{name}", OFFER | data


def money(amount: str, per: str = "year") -> dict[str, str]:
    return {"amount": amount, "currency": "USD", "per": per}


def test_a_resignation_and_its_last_day() -> None:
    left = candidate(job(0, "current"), job(2, "resigned", last_day="2026-04-30"))
    assert left.values["resigned_at"] == START + 2 * HOUR
    assert left.values["last_day"].isoformat() == "2026-04-30"
    assert (left.stamps["resigned_at"][2], left.stamps["resigned"][2], left.stamps["employed"][2]) == (
        "e-1",
        "e-1",
        "e-0",
    )
    again = candidate(job(0, "resigned", last_day="2026-04-30"), job(1, "ended"), job(2, "current"))
    assert {"resigned_at", "last_day"}.isdisjoint(again.values)
    assert (again.values["resigned"], again.stamps["employed"][2]) == (False, "e-2")


def test_who_resigns_from_the_next_job_has_resigned() -> None:
    said = [job(0, "current"), job(1, "resigned"), job(2, "ended"), job(3, "current"), job(4, "resigned")]
    assert candidate(*said).values["resigned_at"] == START + 4 * HOUR
    at_once = candidate(job(0, "current"), job(2, "ended"), job(2, "resigned"), job(3, "current"))
    assert at_once.values["resigned"] is True


def test_the_end_of_a_job_is_known_without_its_beginning() -> None:
    ended = candidate(job(1, "ended"))
    assert (ended.values["employed"], ended.stamps["employed"][2]) == (False, "e-0")
    assert "employed" not in candidate((0, "candidate.discussed", {"with": "family"})).values


def test_the_beginning_of_a_new_job_counts_until_the_next() -> None:
    started = (2.0, "employment.started", OFFER)
    assert candidate(job(0, "current"), started).values["new_job_started_at"] == START + 2 * HOUR
    assert "new_job_started_at" not in candidate(started, job(3, "current")).values
    assert candidate(started, job(3, "current")).values["employed"] is True


def test_of_statements_of_one_time_a_first_naming_or_a_new_start_is_the_later_one() -> None:
    """Senders that know days only say them at one time."""
    ended = [job(0, "current", employer={"id": "a"}), job(2, "ended")]
    assert candidate(*ended, job(2, "current", employer={"id": "b"})).values["employed"] is True
    assert candidate(*ended, job(2, "current", employer={"id": "a"})).values["employed"] is False
    assert candidate(job(0, "current"), job(2, "ended"), job(2, "current")).values["employed"] is False
    started = [job(0, "current"), (2.0, "employment.started", OFFER)]
    assert "new_job_started_at" not in candidate(*started, job(2, "current")).values


@pytest.mark.parametrize(
    ("employer", "shown"), [({"name": "Acme", "id": "a"}, "Acme"), ({"id": "a"}, "a"), ({"name": "Acme"}, "Acme")]
)
def test_the_present_employer_is_named(employer: dict[str, str], shown: str) -> None:
    assert candidate(job(0, "current", employer=employer)).values["present_employer"] == shown


def test_terms_stated_with_or_after_the_present_job_are_its_own() -> None:
    first, second = {"id": "a"}, {"id": "b"}
    said = [job(0, "current", employer=first, hours_per_week=38), job(1, "current", employer=second, hours_per_week=20)]
    assert candidate(*said).values["present_hours_per_week"] == 20
    assert candidate(said[0], job(1, "current", employer=first)).values["present_hours_per_week"] == 38
    assert candidate(said[0], job(1, "current", title="Lead")).values["present_hours_per_week"] == 38


def test_hourly_pay_of_the_present_job_counts_its_hours() -> None:
    found = candidate(job(0, "current", salary=money("25", "hour"), hours_per_week=20))
    assert found.values["present_salary"].annual == 26000


@pytest.mark.parametrize("whom", ["family", "recruiter"])
def test_with_whom_an_offer_was_discussed(whom: str) -> None:
    found = candidate((3, "candidate.discussed", {"with": whom}))
    assert found.values == {"resigned": False, f"discussed_{whom}_at": START + 3 * HOUR}
    assert found.stamps[f"discussed_{whom}_at"][2] == "e-0"


def test_the_low_end_of_the_market_is_an_amount() -> None:
    said = {"market_range": {"low": money("90000"), "high": money("120000")}}
    found = candidate((0, "candidate.preferences", said))
    assert (found.values["market_low"].annual, found.stamps["market_low"][2]) == (90000, "e-0")
    assert "market_low" not in candidate((0, "candidate.preferences", {"market_range": {"high": money("1")}})).values


def test_notice_is_owed_by_the_law_of_the_country_of_the_job_else_of_the_home() -> None:
    said = (0.0, "candidate.preferences", {"country": "DE"})
    starting = offer(1, "extended", start_date="2026-06-01")
    found = facts(said, starting)
    assert found.candidate.values["notice_period"] == "4 weeks to the 15th or the end of a month"
    assert found.candidate.stamps["notice_period"][2] == "e-0"
    [one] = found.entities["offer"]
    assert (one.values["notice_by"].isoformat(), one.values["last_day_before"].isoformat()) == (
        "2026-05-03",
        "2026-05-31",
    )
    assert (one.stamps["notice_by"][2], one.stamps["last_day_before"][2]) == ("e-1", "e-1")
    abroad = facts((0, "candidate.preferences", {"country": "DE", "notice_country": "CN"}), starting)
    assert abroad.candidate.values["notice_period"] == "30 days"
    stated = facts(said, job(2, "current", notice_period_weeks=6, notice_to="any_day"), starting)
    assert stated.candidate.values["notice_period"] == "6 weeks"
    assert stated.candidate.stamps["notice_period"][2] == "e-1"
    [free] = facts(offer(1, "extended", start_date="2026-06-01")).entities["offer"]
    assert free.values["last_day_before"].isoformat() == "2026-05-29"
    assert "notice_by" not in free.values


def test_the_terms_of_a_letter_and_of_a_counteroffer() -> None:
    letter = {"salary": money("25", "hour"), "title": "Lead", "location": {"city": "Bern"}, "workplace": "remote"}
    [found] = facts(
        offer(0, "extended", hours_per_week=20, salary=money("30", "hour")),
        offer(1, "letter_received", letter=letter),
        offer(2, "countered", salary=money("40", "hour"), title="Head"),
    ).entities["offer"]
    values = found.values
    assert (values["letter_salary"].annual, values["counteroffer_salary"].annual) == (26000, 41600)
    assert (values["letter_title"], values["letter_location"], values["letter_workplace"]) == (
        *("Lead", {"city": "Bern"}, "remote"),
    )
    assert (found.stamps["letter_title"][2], found.stamps["counteroffer_salary"][2]) == ("e-1", "e-2")
    assert {"counteroffer_title", "letter_start_date"}.isdisjoint(values)
    own = offer(1, "letter_received", letter={"salary": money("25", "hour"), "hours_per_week": 40})
    [full] = facts(offer(0, "extended", hours_per_week=20), own).entities["offer"]
    assert full.values["letter_salary"].annual == 52000


def test_the_latest_thanks_count() -> None:
    def thanked(hours: float, channel: str) -> Said:
        return hours, "interview.thanked", {"interview": "i", "channel": channel}

    for said in ([thanked(1, "email"), thanked(3, "handwritten")], [thanked(3, "handwritten"), thanked(1, "email")]):
        [found] = facts(*said).entities["interview"]
        assert found.values["thanked_at"] == START + 3 * HOUR
        assert (found.values["thanked.email"], found.values["thanked.handwritten"]) == (START + HOUR, START + 3 * HOUR)
        assert found.stamps["thanked_at"] == found.stamps["thanked.handwritten"]


def test_an_application_exists_once_anything_names_it() -> None:
    found = facts(
        offer(0, "extended", application="b"), (1, "application.submitted", {"application": "c"}),
        (2, "interview.scheduled", {"interview": "i", "application": "a"}),
    )  # fmt: skip
    assert [(one.id, one.values["application"], one.values.get("stage")) for one in found.entities["application"]] == [
        *(("a", "a", None), ("b", "b", None), ("c", "c", "submitted")),
    ]


def test_a_place_names_its_event_in_each_part() -> None:
    [found] = facts(offer(0, "extended", location={"city": "Bern", "country": "CH"})).entities["offer"]
    assert (found.values["city"], found.values["country"], found.stamps["city"][2]) == ("Bern", "CH", "e-0")


def test_whether_work_is_away_and_unwanted_is_known_since_the_later_of_both_statements() -> None:
    place = {"location": {"region": "Ohio", "country": "US"}}
    home = (1.0, "candidate.preferences", {"region": "Texas", "unwanted_regions": ["OH", "Utah"]})
    for said, event in (([offer(0, "extended", **place), home], "e-1"), ([home, offer(2, "extended", **place)], "e-1")):
        [found] = facts(*said).entities["offer"]
        assert (found.values["away"], found.values["unwanted_place"]) == (True, True)
        assert (found.stamps["away"][2], found.stamps["unwanted_place"][2]) == (event, event)
    [other] = facts(offer(0, "extended", location={"region": "Iowa"}), home).entities["offer"]
    assert other.values["unwanted_place"] is False
    [unknown] = facts(offer(0, "extended", **place)).entities["offer"]
    assert {"away", "unwanted_place"}.isdisjoint(unknown.values)


def test_what_engines_remember_of_facts_is_no_part_of_them() -> None:
    mine, other = facts(job(0, "current")), facts(job(0, "current"))
    mine.linked["offer", "x", "contact", ""] = []
    mine.sharing["employer"] = {}
    mine.contexts["offer", "x", mine.clock(mine.candidate, private=True), True] = {}
    assert mine == other
    caches = ("linked", "sharing", "contexts")
    assert [name for name in ("vocabulary=", *caches) if name in repr(mine)] == []
    for name in caches:
        with pytest.raises(TypeError):
            Facts(mine.candidate, {}, None, KINDS, **{name: {}})


def test_fields_are_equal_whatever_checks_their_values() -> None:
    text = Field("visa", "text", own=Text())
    assert text == Field("visa", "text")
    assert text != Field("visa", "number")


@pytest.mark.parametrize("kind", ["offer", "candidate"])
@pytest.mark.parametrize(
    ("stated", "known"),
    [("2026-03-09T12:00:00Z", START + 166 * HOUR), ("after the summer", None), (7, None), (None, None)],
)
def test_a_value_that_does_not_fit_the_present_declaration_of_its_field_is_unknown(
    kind: str, stated: object, known: int | None
) -> None:
    """It was stored while the field was a text."""
    declared = KINDS.with_own({kind: [Field("review", "instant", own=Instant())]})
    type_, data = ("offer.extended", OFFER) if kind == "offer" else ("candidate.preferences", {})
    event = Event("t", "s", "e", type_, START, "c-1", {**data, "custom": {"review": stated}})
    written = Event("t", "s", "e", type_, START, "c-1", event.data, offsets={"custom.review": 60})
    [found] = facts_of(Case().fold(event), "c-1", declared).of_kind(kind)
    assert (found.values.get("review"), "review" in found.stamps) == (known, known is not None)
    assert "review" not in found.offsets
    [found] = facts_of(Case().fold(written), "c-1", declared).of_kind(kind)
    assert found.offsets.get("review") == (None if known is None else 60)


def test_what_is_taken_back_is_unknown() -> None:
    terms = {"start_date": "2026-06-01", "salary": money("90000"), "respond_by": "2026-03-09T12:00:00Z"}
    [known] = facts(offer(0, "extended", **terms)).entities["offer"]
    [found] = facts(offer(0, "extended", **terms), offer(1, "updated", **dict.fromkeys(terms))).entities["offer"]
    assert terms.keys() <= known.values.keys()
    assert terms.keys().isdisjoint(found.values)


def test_a_notice_period_is_known_since_it_was_stated_whatever_is_stated_later() -> None:
    later = (2.0, "candidate.preferences", {"time_zone": "Europe/Berlin"})
    assert candidate(job(0, "current", notice_period_weeks=6), later).stamps["notice_period"][2] == "e-0"


def test_a_resignation_that_was_from_an_earlier_job_is_no_reason_for_advice() -> None:
    found = candidate(job(0, "current"), job(1, "resigned"), job(2, "ended"), job(3, "current"))
    assert (found.values["resigned"], "resigned" in found.stamps) == (False, False)
