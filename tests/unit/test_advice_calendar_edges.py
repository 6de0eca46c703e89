"""The entries of a calendar where little is known, where advice meets them, and how long each is kept."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from signpost.advice.calendar import KEPT_US, Entry, EntryKind
from signpost.advice.calendar_revisions import fact_revision
from signpost.case import Case, Event
from signpost.case.instant import FIRST_ANYWHERE, HOUR, parse_instant
from tests.support.workers_kit import START, event
from tests.unit.test_advice_calendar import ACME, advice, entries, in_zone, interview, offer

JOB = event("employment.current", notice_period_days=30)
STARTS = offer(start_date="2026-05-01")
DEADLINE = "2026-03-09T12:00:00Z"


def kinds(*events: Event) -> list[EntryKind]:
    return [one.kind for one in entries(*events)]


def only(kind: EntryKind, found: list[Entry]) -> Entry:
    [entry] = [one for one in found if one.kind is kind]
    return entry


# What has no entry


def test_an_offer_that_nobody_has_made_yet_has_no_entry() -> None:
    planned = event("offer.updated", offer="o", employer=ACME, respond_by=DEADLINE, start_date="2026-05-01")
    assert kinds(planned, JOB) == []


def test_an_offer_without_dates_has_no_entry() -> None:
    assert kinds(event("offer.extended", offer="o", employer=ACME), JOB) == []


def test_an_interview_without_a_time_has_no_entry() -> None:
    assert kinds(event("interview.completed", interview="i", employer=ACME)) == []
    assert kinds(event("interview.prepared", interview="i", employer=ACME, step="bag")) == []


def test_notice_is_given_by_who_has_a_job_elsewhere() -> None:
    assert kinds(STARTS, JOB) == [EntryKind.DEADLINE, EntryKind.NOTICE]
    inside = event("employment.current", notice_period_days=30, employer=ACME)
    left = event("employment.ended", at=1)
    assert kinds(STARTS, inside) == [EntryKind.DEADLINE], "who stays with the employer gives none"
    assert kinds(STARTS, JOB, left) == [EntryKind.DEADLINE], "who has left gives none"
    assert kinds(offer(), JOB) == [EntryKind.DEADLINE], "without a first day there is no last day"


def test_a_notice_date_that_was_shown_is_cancelled_rather_than_gone_once_the_job_is_over() -> None:
    resigned, left = event("employment.resigned", at=1), event("employment.ended", at=2)
    for events in ([resigned], [resigned, left]):
        assert only(EntryKind.NOTICE, entries(STARTS, JOB, *events)).cancelled


@pytest.mark.parametrize("end", ["offer.declined", "offer.rescinded", "offer.withdrawn"])
def test_a_notice_date_of_an_ended_offer_is_cancelled(end: str) -> None:
    assert only(EntryKind.NOTICE, entries(STARTS, JOB, event(end, at=1, offer="o"))).cancelled


# What an entry says


@pytest.mark.parametrize("ends_at", ["2026-03-10T08:00:00Z", "2026-03-10T09:00:00Z"])
def test_an_interview_that_would_end_before_it_has_begun_takes_an_hour(ends_at: str) -> None:
    [found] = entries(interview("2026-03-10T09:00:00Z", ends_at=ends_at))
    assert found.ends == parse_instant("2026-03-10T10:00:00Z")


def test_an_entry_without_a_known_zone_has_none() -> None:
    assert [one.zone for one in entries(offer("2026-03-09T12:00:00-08:00"))] == [None]


def test_a_deadline_at_the_beginning_of_a_day_that_nobody_says_where_is_that_day() -> None:
    """An offset of 14 hours stands for it: where a day begins first."""
    stated = replace(offer("2026-03-10T00:00:00+14:00"), offsets={"respond_by": FIRST_ANYWHERE})
    [found] = entries(stated)
    assert (found.starts, found.zone) == (date(2026, 3, 10), None)


def test_advice_whose_words_were_removed_still_has_a_title() -> None:
    gone = advice("r", "2026-03-05T09:00:00Z", "resolved", title="", message="", steps=[])
    [found] = entries(advice=[gone])
    assert (found.title, found.description) == ("Advice", "")


def test_due_advice_says_all_that_its_entry_shows() -> None:
    [found] = entries(in_zone("Europe/Berlin"), advice=[advice("r", "2026-03-05T09:00:00Z", sequence=4)])
    assert (found.about, found.starts, found.ends, str(found.zone)) == (
        "offer/o", parse_instant("2026-03-05T09:00:00Z"), None, "Europe/Berlin",
    )  # fmt: skip
    assert (found.cancelled, found.sequence, found.changed_at) == (False, 4, parse_instant("2026-03-02T09:00:00Z"))


def test_advice_has_the_zone_of_its_own_subject() -> None:
    tokyo = event("offer.extended", id="p", offer="p", employer={"id": "g", "time_zone": "Asia/Tokyo"})
    about_p = advice("r", "2026-03-05T09:00:00Z", subject={"kind": "offer", "id": "p"})
    for data, zone in ((about_p, "Asia/Tokyo"), (advice("r", "2026-03-05T09:00:00Z"), "None")):
        found = entries(offer(), tokyo, advice=[data])
        assert str(only(EntryKind.ADVICE, found).zone) == zone


def test_advice_is_not_hidden_in_a_cancelled_entry() -> None:
    declined = event("offer.declined", at=1, offer="o")
    found = entries(offer(), declined, advice=[advice("r", DEADLINE)])
    assert only(EntryKind.DEADLINE, found).description == ""
    assert only(EntryKind.ADVICE, found).description == "Why.\n- First"


@pytest.mark.parametrize(
    ("due", "is_listed"),
    [
        ("2026-03-31T23:59:59+02:00", False),
        ("2026-04-01T00:00:00+02:00", True),
        ("2026-04-02T00:00:00+02:00", True),
        ("2026-04-02T00:00:00.000001+02:00", False),
    ],
)
def test_advice_is_listed_on_a_notice_day_from_its_beginning_to_its_end(due: str, is_listed: bool) -> None:
    found = entries(STARTS, JOB, in_zone("Europe/Berlin"), advice=[advice("r", due)])
    assert ("- Do r" in only(EntryKind.NOTICE, found).description) == is_listed
    assert (EntryKind.ADVICE in [one.kind for one in found]) != is_listed


@pytest.mark.parametrize(
    ("changed_at", "expected"),
    [("2026-03-02T08:00:00Z", START), ("2026-03-02T15:00:00Z", START + 6 * HOUR)],
)
def test_an_entry_was_changed_by_the_later_of_its_facts_and_its_advice(changed_at: str, expected: int) -> None:
    [found] = entries(offer(), advice=[advice("r", DEADLINE, changed_at=changed_at)])
    assert found.changed_at == expected


# How long


def test_a_day_is_kept_for_a_while_after_it_has_ended() -> None:
    ended = parse_instant("2026-04-02T00:00:00Z")
    for now, kept in ((ended + KEPT_US - 1, True), (ended + KEPT_US, False)):
        found = entries(STARTS, JOB, now=now)
        assert (EntryKind.NOTICE in [one.kind for one in found]) == kept


# Revisions


def test_a_revision_fits_into_the_32_bits_of_a_calendar_program() -> None:
    """Whatever a sender states as the time of an event."""
    fields = [("offer", "o", "respond_by")]
    for year, largest in ((2087, False), (2089, True), (2500, True)):
        at = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
        stated = Event("t", "s", "e", "offer.extended", at, "c-1", {"offer": "o", "respond_by": DEADLINE})
        revision = fact_revision(Case().fold(stated), fields)
        assert (revision.sequence == 2_147_483_647) == largest
        assert (revision.sequence <= 2_147_483_647, revision.changed_at) == (True, at)
