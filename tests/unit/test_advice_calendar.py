"""The calendar of a candidate: which entries, in which zone, and how iCalendar carries them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from signpost.advice.calendar import KEPT_US, Entry, EntryKind, calendar_entries
from signpost.advice.calendar_ics import write_ics
from signpost.advice.calendar_revisions import fact_revision
from signpost.case import Case, Event
from signpost.case.instant import DAY, HOUR, from_datetime, parse_instant
from signpost.facts.facts import facts_of
from tests.support.calendars import read_calendar
from tests.support.workers_kit import START, event

ACME = {"id": "acme", "name": "Acme"}


def entries(
    *events: Event, advice: Sequence[dict[str, Any]] = (), now: int = START, tenant: str = "acme"
) -> list[Entry]:
    case = Case().fold(*events)
    return calendar_entries(facts_of(case, "c-1"), case, advice, tenant=tenant, now=now)


def ics(found: Sequence[Entry], now: int = START, name: str | None = None) -> bytes:
    return write_ics(found, name=name, now=now)


def advice(name: str, due: str | None, status: str = "active", sequence: int = 1, **other: Any) -> dict[str, Any]:
    base = {"id": name, "due": due, "status": status, "sequence": sequence, "audience": "candidate",
            "title": f"Do {name}", "message": "Why.", "steps": ["First"], "changed_at": "2026-03-02T09:00:00Z",
            "subject": {"kind": "offer", "id": "o"}}  # fmt: skip
    return base | other


def offer(respond_by: str = "2026-03-09T12:00:00Z", at: float = 0, **more: Any) -> Event:
    return event("offer.extended", at=at, id=f"offer-{at}", offer="o", employer=ACME, respond_by=respond_by, **more)


def interview(starts_at: str, type_: str = "interview.scheduled", at: float = 0, **more: Any) -> Event:
    return event(type_, at=at, interview="i", employer=ACME, starts_at=starts_at, **more)


def in_zone(zone: str) -> Event:
    return event("candidate.preferences", time_zone=zone)


def test_a_deadline_is_an_instant_in_the_candidates_zone() -> None:
    [found] = entries(offer(), in_zone("Europe/Berlin"))
    assert (found.kind, found.title, str(found.zone)) == (
        EntryKind.DEADLINE,
        "Answer Acme about the offer",
        "Europe/Berlin",
    )
    assert b"DTSTART;TZID=Europe/Berlin:20260309T130000\r\n" in ics([found])


def test_without_a_zone_times_are_in_utc() -> None:
    body = ics(entries(offer("2026-03-09T12:00:00-08:00")))
    assert b"DTSTART:20260309T200000Z\r\n" in body
    assert b"VTIMEZONE" not in body


def test_the_zone_of_the_employer_counts_where_the_candidates_is_unknown() -> None:
    [found] = entries(offer(), event("offer.updated", at=1, offer="o", employer={**ACME, "time_zone": "Asia/Tokyo"}))
    assert str(found.zone) == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("zone", "starts"), [("UTC", date(2026, 3, 9)), ("America/New_York", parse_instant("2026-03-09T23:59:59Z"))]
)
def test_a_deadline_stated_as_a_day_is_a_day_where_it_ends_with_that_day(zone: str, starts: Any) -> None:
    [found] = entries(offer("2026-03-09"), in_zone(zone))
    assert found.starts == starts


def test_a_notice_date_is_a_day_and_needs_a_job() -> None:
    job = event("employment.current", notice_period_days=30)
    dated = offer(start_date="2026-05-01")
    [notice] = [one for one in entries(dated, job) if one.kind is EntryKind.NOTICE]
    assert (notice.starts, notice.title) == (date(2026, 4, 1), "If you accept Acme: last day to give notice")
    assert b"DTSTART;VALUE=DATE:20260401\r\n" in ics([notice])
    assert not [one for one in entries(dated) if one.kind is EntryKind.NOTICE]
    [accepted] = [
        one for one in entries(dated, job, event("offer.accepted", at=1, offer="o")) if one.kind is EntryKind.NOTICE
    ]
    assert accepted.title == "Last day to give notice, to start at Acme on Friday, 1 May"
    resigned = entries(dated, job, event("employment.resigned", at=2))
    assert [one.cancelled for one in resigned if one.kind is EntryKind.NOTICE] == [True]


@pytest.mark.parametrize("accepted", [True, False])
def test_nobody_is_reminded_of_notice_for_an_offer_that_was_withdrawn_from(accepted: bool) -> None:
    known = [offer(start_date="2026-05-01"), event("employment.current", notice_period_days=30)]
    known += [event("offer.accepted", at=1, offer="o")] if accepted else []
    told = {"by": "candidate", "channel": "email", "offer": "o"}
    other = event("contact.logged", at=20, id="thanks", purpose="thanks", **told)
    withdrawal = event("contact.logged", at=30, id="no", purpose="withdrawal", **told)

    def notice(*events: Event) -> Entry:
        [found] = [one for one in entries(*known, *events) if one.kind is EntryKind.NOTICE]
        return found

    before, after = notice(other), notice(other, withdrawal)
    assert (before.cancelled, after.cancelled) == (False, True)
    assert b"STATUS:CANCELLED" in ics([after])
    assert b"VALARM" not in ics([after])
    assert after.sequence > before.sequence
    assert after.changed_at == START + 30 * HOUR, "it stays as long as any that was cancelled then"


def test_an_interview_has_a_length_and_details() -> None:
    [found] = entries(interview("2026-03-10T09:00:00Z", format="video", interviewers=["Ms Lee", "Mr Roe"]))
    assert (found.title, found.description) == ("Interview with Acme", "Form: video\nWith Ms Lee, Mr Roe")
    assert found.ends == parse_instant("2026-03-10T10:00:00Z")
    [longer] = entries(interview("2026-03-10T09:00:00Z", ends_at="2026-03-10T11:30:00Z"))
    assert longer.ends == parse_instant("2026-03-10T11:30:00Z")


def test_a_change_keeps_the_uid_and_raises_the_sequence_in_any_order() -> None:
    first, moved = interview("2026-03-10T09:00:00Z"), interview("2026-03-11T09:00:00Z", "interview.rescheduled", at=1)
    cancelled = event("interview.cancelled", at=2, interview="i")
    states = [entries(first), entries(first, moved), entries(first, moved, cancelled)]
    assert len({one.uid for [one] in states}) == 1
    numbers = [one.sequence for [one] in states]
    assert numbers == sorted(set(numbers))
    assert [one.cancelled for [one] in states] == [False, False, True]
    assert entries(cancelled, first, moved) == states[2]


def test_a_statement_that_arrives_late_raises_the_sequence_too() -> None:
    late = event("interview.rescheduled", at=1, id="late", interview="i", ends_at="2026-03-10T12:00:00Z")
    latest = event("interview.rescheduled", at=2, interview="i", starts_at="2026-03-10T10:00:00Z")
    [before], [after] = entries(latest), entries(latest, late)
    assert after.ends != before.ends
    assert after.sequence > before.sequence


def test_what_is_settled_is_cancelled_and_kept_for_a_while() -> None:
    events = [offer("2026-03-30T12:00:00Z"), event("offer.declined", at=24, offer="o")]
    declined_at = START + DAY
    for now, kept in ((declined_at, 1), (declined_at + KEPT_US - 1, 1), (declined_at + KEPT_US, 0)):
        found = entries(*events, now=now)
        assert [one.cancelled for one in found] == [True] * kept
    [event_read] = read_calendar(ics(entries(*events))).values()
    assert (event_read.status, event_read.alarms) == ("CANCELLED", ())


def test_what_is_over_is_kept_for_a_while() -> None:
    ends = parse_instant("2026-03-10T10:00:00Z")
    counts = [
        len(entries(interview("2026-03-10T09:00:00Z"), now=now)) for now in (ends, ends + KEPT_US - 1, ends + KEPT_US)
    ]
    assert counts == [1, 1, 0]


def test_due_advice_is_an_entry_until_it_is_settled() -> None:
    found = entries(
        offer(),
        advice=[
            advice("r1", "2026-03-05T09:00:00Z"),
            advice("r2", None),
            advice("r3", "2026-03-05T09:00:00Z", audience="employer"),
        ],
    )
    assert [(one.uid, one.kind) for one in found if one.kind is EntryKind.ADVICE] == [("r1@signpost", EntryKind.ADVICE)]
    assert found[0].title == "Do r1"
    assert found[0].description == "Why.\n- First"
    for status in ("done", "dismissed", "snoozed", "resolved", "expired", "superseded"):
        [settled] = entries(advice=[advice("r1", "2026-03-05T09:00:00Z", status, 2)])
        assert (settled.cancelled, settled.sequence) == (True, 2)


def test_advice_that_is_due_with_the_deadline_of_its_subject_is_listed_there() -> None:
    same, other = (
        advice("r1", "2026-03-09T12:00:00Z"),
        advice("r2", "2026-03-09T12:00:00Z", subject={"kind": "offer", "id": "x"}),
    )
    found = entries(offer(), advice=[same, other])
    assert [(one.kind, one.description) for one in found] == [
        (EntryKind.DEADLINE, "- Do r1"), (EntryKind.ADVICE, "Why.\n- First")]  # fmt: skip
    [alone] = entries(offer())
    assert found[0].sequence == alone.sequence + 1
    done = entries(offer(), advice=[replace_status(same, "done", 2)])
    assert [(one.kind, one.cancelled, one.description) for one in done if not one.cancelled] == [
        (EntryKind.DEADLINE, False, "")
    ]
    assert done[0].sequence == alone.sequence + 2


def test_advice_that_is_due_on_a_notice_day_is_listed_there() -> None:
    job = event("employment.current", notice_period_days=30)
    for due in ("2026-04-01T00:00:00+02:00", "2026-04-01T09:00:00+02:00", "2026-04-02T00:00:00+02:00"):
        found = entries(offer(start_date="2026-05-01"), job, in_zone("Europe/Berlin"), advice=[advice("r", due)])
        assert [one.kind for one in found] == [EntryKind.DEADLINE, EntryKind.NOTICE]
        assert found[1].description == "- Do r"


def replace_status(data: dict[str, Any], status: str, sequence: int) -> dict[str, Any]:
    return data | {"status": status, "sequence": sequence}


def test_a_uid_belongs_to_one_candidate_of_one_tenant() -> None:
    uids = {entries(offer(), tenant=tenant)[0].uid for tenant in ("acme", "other")}
    case = Case().fold(offer())
    uids |= {one.uid for one in calendar_entries(facts_of(case, "c-2"), case, [], tenant="acme", now=START)}
    uids |= {one.uid for one in entries(event("candidate.erased", at=-1), offer())}
    assert len(uids) == 4


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("day", ["2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01"])
def test_every_hour_around_a_clock_change_is_read_as_written(zone: str, day: str) -> None:
    begin = parse_instant(f"{day}T00:00:00Z") - 6 * HOUR
    base = entries(interview("2026-03-10T09:00:00Z"), in_zone(zone))[0]
    written = [
        replace(base, uid=f"u{number}", starts=begin + number * HOUR // 2, ends=begin + number * HOUR // 2 + HOUR)
        for number in range(72)
    ]
    read = read_calendar(ics(written, now=begin))
    for entry in written:
        one = read[entry.uid]
        assert isinstance(one.starts, datetime)
        assert one.ends is not None
        assert (from_datetime(one.starts), from_datetime(one.ends)) == (entry.starts, entry.ends)


def test_times_far_away_need_no_description_of_a_zone() -> None:
    body = ics(entries(interview("9998-03-10T09:00:00Z"), in_zone("Europe/Berlin")))
    assert b"VTIMEZONE" not in body
    assert b"DTSTART:99980310T090000Z" in body


@pytest.mark.parametrize(
    "name",
    [
        "Acme\r\nBEGIN:VEVENT\r\nSUMMARY:evil",
        "A\x00cme",
        "Acme\nX:y",
        "Acme\rX:y",
        "A;B,C:D\\n",
        "ü" * 100,
        "\u2028A\x85B",
        '"',
        "😀" * 60,
        "a\x1b[0mb",
    ],
)
def test_hostile_names_stay_texts(name: str) -> None:
    found = entries(offer(), event("offer.updated", at=1, offer="o", employer={"id": "acme", "name": name}))
    body = ics([*found, replace(found[0], uid="x", title=name, description=name)], name=name)
    read = read_calendar(body)
    assert set(read) == {found[0].uid, "x"}
    assert body.count(b"BEGIN:VEVENT\r\n") == 2
    assert body.count(b"\r\nSUMMARY") == 2


def test_alarms_ring_before_the_event() -> None:
    found = entries(
        offer(start_date="2026-05-01"),
        interview("2026-03-10T09:00:00Z"),
        event("employment.current", notice_period_days=30),
        advice=[advice("r", "2026-03-05T09:00:00Z")],
    )
    assert {one.kind for one in found} == set(EntryKind)
    read = read_calendar(ics(found))
    alarms = {entry.kind: read[entry.uid].alarms for entry in found}
    assert alarms[EntryKind.INTERVIEW] == (timedelta(days=-1), timedelta(hours=-1))
    assert alarms[EntryKind.NOTICE] == (timedelta(days=-6, hours=-15), timedelta(hours=-15))
    assert all(before < timedelta() for found in alarms.values() for before in found)


def test_an_empty_calendar_is_valid() -> None:
    assert read_calendar(ics([])) == {}


def test_the_same_state_gives_the_same_bytes() -> None:
    found = entries(offer(), in_zone("Europe/Berlin"))
    assert ics(found, START) == ics(found, START + HOUR)
    assert datetime.now(UTC).strftime("%Y%m%dT%H").encode() not in ics(found)


def test_a_zone_is_described_from_before_the_first_entry_to_after_the_last() -> None:
    body = ics(entries(offer("2027-01-09T12:00:00Z"), in_zone("Europe/Berlin"))).decode()
    zone = body[body.index("BEGIN:VTIMEZONE") : body.index("END:VTIMEZONE")]
    days = [line.rpartition(":")[2] for line in zone.splitlines() if line.startswith(("DTSTART", "RDATE"))]
    changes = sorted(day for text in days for day in text.split(","))
    assert changes[0] < "20270109"
    assert changes[-1] > "20271001", "the next autumn"


def test_the_revision_of_what_nobody_has_stated_is_0() -> None:
    assert fact_revision(Case(), [("offer", "o", "respond_by")]) == (0, 0)
    early = Event("t", "s", "e", "offer.extended", 5, "c-1", {"offer": "o", "respond_by": "2026-03-09T12:00:00Z"})
    assert fact_revision(Case().fold(early), [("offer", "o", "respond_by")]) == (0, 5), "before the first revision"
