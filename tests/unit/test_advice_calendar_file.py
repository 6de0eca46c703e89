"""The calendar file itself: every line that a calendar program reads, and the zones that it describes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Timezone

from signpost.advice.calendar import Entry, EntryKind
from signpost.advice.calendar_ics import write_ics
from signpost.case.instant import DAY, HOUR, from_datetime, parse_instant

NOW = parse_instant("2026-03-02T12:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")
INTERVIEW = Entry(
    uid="u-1", kind=EntryKind.INTERVIEW, about="interview/i", title="A title", description="With Ada",
    starts=NOW + DAY, ends=NOW + DAY + HOUR, zone=None, cancelled=False, sequence=3, changed_at=NOW + 5_999_999,
)  # fmt: skip


def lines(*entries: Entry, name: str | None = None) -> list[str]:
    return write_ics(entries, name=name, now=NOW).decode().removesuffix("\r\n").split("\r\n")


def test_a_file_has_all_that_calendar_programs_read() -> None:
    alarms = [
        line
        for before in ("P1D", "PT1H")
        for line in ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:A title", f"TRIGGER:-{before}", "END:VALARM")
    ]
    event = {
        *("BEGIN:VEVENT", "SUMMARY:A title", "DTSTART:20260303T120000Z", "DTEND:20260303T130000Z", "UID:u-1"),
        *("DTSTAMP:20260302T120005Z", "LAST-MODIFIED:20260302T120005Z", "SEQUENCE:3", "DESCRIPTION:With Ada"),
        *("STATUS:CONFIRMED", "TRANSP:OPAQUE", "CATEGORIES:interview", "END:VEVENT"),
    }
    calendar = {
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Signpost//Calendar//EN", "METHOD:PUBLISH", "END:VCALENDAR"),
        *("X-WR-CALNAME:Offers and interviews", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"),
    }
    assert sorted(lines(INTERVIEW)) == sorted([*calendar, *event, *alarms])
    assert "X-WR-CALNAME:Sam: offers and interviews" in lines(name="Sam")


def test_only_an_interview_that_takes_place_keeps_others_from_making_appointments() -> None:
    kinds = [*EntryKind]
    shown = [next(line for line in lines(replace(INTERVIEW, kind=kind)) if "TRANSP" in line) for kind in kinds]
    assert [kind for kind, line in zip(kinds, shown, strict=True) if line == "TRANSP:OPAQUE"] == [EntryKind.INTERVIEW]
    cancelled = lines(replace(INTERVIEW, cancelled=True))
    assert {"TRANSP:TRANSPARENT", "STATUS:CANCELLED"} < set(cancelled)
    assert "BEGIN:VALARM" not in cancelled


def test_what_is_not_known_has_no_line() -> None:
    day = replace(INTERVIEW, kind=EntryKind.NOTICE, starts=date(2026, 3, 9), ends=None, description="", cancelled=True)
    names = [line.split(":")[0].split(";")[0] for line in lines(day)]
    assert not {"DESCRIPTION", "DTEND"} & set(names)
    assert "DTSTART;VALUE=DATE:20260309" in lines(day)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\r\nb", r"a\nb"), ("a\rb", r"a\nb"), ("a\tb", "a\tb"), ("a\x00\x1bb\x7f", "ab"), ("a\x85b", "ab")],
)
def test_a_text_keeps_its_lines_and_loses_what_no_calendar_may_have(text: str, shown: str) -> None:
    found = lines(replace(INTERVIEW, title=text, description=text))
    assert found.count(f"SUMMARY:{shown}") == 1
    assert found.count(f"DESCRIPTION:{shown}") == 3, "of the event and of its two reminders"


# Zones


@pytest.fixture
def abroad(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own zone is Tokyo's."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("abroad")
def test_without_a_known_zone_times_are_in_utc_wherever_the_machine_is() -> None:
    assert {"DTSTART:20260303T120000Z", "DTEND:20260303T130000Z"} < set(lines(INTERVIEW))


def in_berlin(*days: str) -> list[Entry]:
    """An hour at noon in Berlin on each day."""
    starts = [from_datetime(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=BERLIN)) for day in days]
    return [
        replace(INTERVIEW, uid=day, starts=at, ends=at + HOUR, zone=BERLIN)
        for day, at in zip(days, starts, strict=True)
    ]


def changes(entries: Sequence[Entry]) -> list[str]:
    """When the clocks change, as far as the file says."""
    text = write_ics(entries, name=None, now=NOW).decode()
    zone = text[text.index("BEGIN:VTIMEZONE") : text.index("END:VTIMEZONE")]
    days = [line.rpartition(":")[2] for line in zone.splitlines() if line.startswith(("DTSTART", "RDATE"))]
    return sorted({day[:8] for text in days for day in text.split(",")})


def test_the_zone_that_a_file_describes_has_the_offset_of_each_entry() -> None:
    days = ("2026-01-05", "2026-07-06", "2028-01-03", "2028-07-03", "2029-12-31")
    for order in (in_berlin(*days), in_berlin(*reversed(days))):
        read = Calendar.from_ical(write_ics(order, name=None, now=NOW))
        [described] = [zone.to_tz() for zone in read.walk("VTIMEZONE") if isinstance(zone, Timezone)]
        offsets = [datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=described).utcoffset() for day in days]
        assert offsets == [timedelta(hours=hours) for hours in (1, 2, 1, 2, 1)]


def test_a_zone_is_described_for_the_years_of_its_entries_and_one_on_either_side() -> None:
    assert {day[:4] for day in changes(in_berlin("2027-05-03"))} == {"2026", "2027", "2028"}
    assert {day[:4] for day in changes(in_berlin("2027-05-03", "2029-05-03"))} == {*map(str, range(2026, 2031))}


def test_an_entry_in_another_zone_far_away_describes_no_further_years() -> None:
    far = replace(INTERVIEW, uid="far", starts=NOW + 900 * 365 * DAY, ends=None, zone=BERLIN)
    assert changes([*in_berlin("2027-05-03"), far]) == changes(in_berlin("2027-05-03"))
