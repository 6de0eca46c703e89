"""Days and times as vendors write them: patterns are checked when a mapping is loaded, and read in linear time."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.case.instant import parse_instant
from signpost.ingress.date_patterns import clash, read_pattern
from signpost.ingress.formats import Formats, day, deadline, instant, start_of_day
from signpost.ingress.mapping_reader import MappingError, load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.sample_times import TimesOfSample, days_to_present, moved
from signpost.ingress.translate import translate

NOW = parse_instant("2026-11-26T09:00:00Z")


@pytest.mark.parametrize(
    ("pattern", "text", "iso"),
    [
        ("DD.MM.YYYY", "20.03.2026", "2026-03-20"),
        ("DD.MM.YYYY", " 20.03.2026 ", "2026-03-20"),
        ("DD.MM.YYYY", "2.3.2026", None),
        ("DD.MM.YYYY", "31.02.2026", None),
        ("DD.MM.YYYY", "20.03.2026 10:00", None),
        ("DD.MM.YYYY", "٢٠.٠٣.٢٠٢٦", None),
        ("DD.MM.YYYY", "20.03.0000", None),
        ("D.M.YYYY", "2.3.2026", "2026-03-02"),
        ("YYYYMMDD", "20260320", "2026-03-20"),
        ("D MMMM YYYY", "2 march 2026", "2026-03-02"),
        ("MMM D, YYYY h:mm A", "Mar 2, 2026 12:05 AM", "2026-03-02T00:05:00"),
        ("MMM D, YYYY h:mm A", "Mar 2, 2026 12:05 pm", "2026-03-02T12:05:00"),
        ("MMM D, YYYY h:mm A", "Mar 2, 2026 13:05 PM", None),
        ("DD/MM/YYYY HH:mm", "02/03/2026 24:00", None),
        ("DD/MM/YYYYTHH:mm:ss Z", "02/03/2026T10:00:01 +0300", "2026-03-02T10:00:01+03:00"),
        ("DD/MM/YYYYTHH:mm:ss Z", "02/03/2026T10:00:01 Z", "2026-03-02T10:00:01Z"),
    ],
)
def test_a_pattern_reads_what_it_says_and_nothing_else(pattern: str, text: str, iso: str | None) -> None:
    assert read_pattern(pattern).iso(text) == iso


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("dd.mm.yyyy", "'dd' is no part of a pattern"),
        ("%d.%m.%Y", "write a pattern like DD.MM.YYYY"),
        ("DD.MM", "it has no year"),
        ("YYYY-MM-DD MM", "it has the month twice"),
        ("DD.MM.YYYY mm", "a minute without the hour"),
        ("DD.MM.YYYY hh:mm", "need A"),
        ("DD.MM.YYYY HH:mm A", "need A"),
        ("MDYYYY", "needs a separator"),
        ("DD.MM.YYYY" + " " * 60, "write a pattern"),
    ],
)
def test_a_pattern_that_means_nothing_says_what_to_write(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_pattern(pattern)


PATTERNS = ("DD.MM.YYYY", "D/M/YYYY", "MMMM D, YYYY", "YYYY/MM/DD", "DD MMM YYYY")


@given(st.sampled_from(PATTERNS), st.dates(date(1, 1, 1), date(9000, 1, 1)), st.integers(0, 4000))
def test_every_day_can_be_written_and_read(text: str, day_: date, later: int) -> None:
    pattern = read_pattern(text)
    first = pattern.moved("01.01.2000" if text == PATTERNS[0] else _first_of(text), (day_ - date(2000, 1, 1)).days)
    assert pattern.iso(first) == day_.isoformat()
    assert pattern.iso(pattern.moved(first, later)) == (day_ + timedelta(days=later)).isoformat()


def _first_of(text: str) -> str:
    return {"D/M/YYYY": "1/1/2000", "MMMM D, YYYY": "January 1, 2000", "YYYY/MM/DD": "2000/01/01"}.get(
        text, "01 Jan 2000"
    )


def test_two_patterns_for_one_text_are_a_clash() -> None:
    assert clash([read_pattern("DD/MM/YYYY"), read_pattern("MM/DD/YYYY")]) == "DD/MM/YYYY and MM/DD/YYYY"
    assert clash([read_pattern("DD.MM.YYYY"), read_pattern("MM/DD/YYYY"), read_pattern("DD.MM.YYYY HH:mm")]) == ""


def test_a_day_of_a_pattern_is_read_wherever_an_iso_day_is() -> None:
    zone = ZoneInfo("Europe/Berlin")
    formats = Formats(zone=zone, patterns=(read_pattern("DD.MM.YYYY"), read_pattern("DD.MM.YYYY HH:mm")))
    iso = Formats(zone=zone)
    for read in (day, deadline, start_of_day, instant):
        assert read("20.03.2026", formats) == read("2026-03-20", iso), read
        assert read("20.03.2026 10:15", formats) == read("2026-03-20T10:15:00", iso), read
        assert read("2026-03-20", formats) == read("2026-03-20", iso), read
    assert instant("20.03.2026 10:15", formats) == parse_instant("2026-03-20T09:15:00Z")
    assert instant("20.03.2026 10:15", Formats(patterns=formats.patterns)) is None, "no zone, no instant"


def test_digits_of_the_unit_are_read_like_the_number_and_others_are_not() -> None:
    compact = (read_pattern("YYYYMMDD"), read_pattern("YYYYMMDDHH"))
    seconds, milliseconds = Formats("seconds", reads_digits=True), Formats("milliseconds", reads_digits=True)
    for read in (day, deadline, instant, start_of_day):
        assert read("1795749570", seconds) == read(1795749570, seconds), read
        assert read("1795749570123", milliseconds) == read(1795749570123, milliseconds), read
    assert instant("1795749570", Formats()) is None, "no unit is given"
    for text in ("179574957", "1795749570123", "-1795749570", "1795749570.0", "١٧٩٥٧٤٩٥٧٠", "20261127"):
        assert instant(text, seconds) is None, text
    written = Formats("seconds", ZoneInfo("UTC"), compact, reads_digits=True)
    assert day("20261127", written) == "2026-11-27"
    assert instant("2026112709", written) == parse_instant("2026-11-27T09:00:00Z"), "a pattern comes first"


def test_a_sample_is_moved_to_the_present_by_its_patterns() -> None:
    times = TimesOfSample((read_pattern("DD.MM.YYYY"), read_pattern("DD.MM.YYYY HH:mm")))
    long = "x" * 70
    body = f'{{"{long}" : "30.01.2026", "b": ["31.01.2026 10:00", "2026-01-01"], "c": "31.02.2026"}}'
    days = days_to_present(body.encode(), NOW, times)
    assert (
        moved(body.encode(), days, times).decode()
        == f'{{"{long}" : "24.11.2026", "b": ["25.11.2026 10:00", "2026-10-26"], "c": "31.02.2026"}}'
    )
    assert datetime.fromtimestamp(NOW / 1_000_000).date() == date(2026, 11, 26)


MAPPING = """
title: Dated
attested: made up
signature: {scheme: body}
event: event.type
occurrence: event.id
FORMATS
events:
  - on: [sent]
    subject: event.person
    emit:
      - type: offer.extended
        id: "{event.offer}-{occurrence}"
        time: {day: event.sent}
        data: {offer: event.offer}
        terms:
          title: $.statement
          start_date: START
samples: []
"""


def dated(folder: Path, formats: str = "", start: str = "event.start") -> Path:
    file = folder / "dated.yaml"
    file.write_text(MAPPING.replace("FORMATS", formats).replace("START", start))
    return file


def emitted(file: Path, **more: str) -> tuple[dict[str, object], list[str]]:
    event = {"type": "sent", "id": "e1", "person": 5, "offer": 7, "sent": "20.11.2026", "start": "11.01.2027"}
    notes: list[str] = []
    [document] = translate(
        load_mapping(file), {}, {"event": event | more, "statement": "Chef"}, Receipt("dated/s", NOW, "d" * 32), notes
    )
    return document, notes


def test_the_members_of_an_event_and_its_dates_are_read(tmp_path: Path) -> None:
    """`event` and `statement` are built-in texts too: only a path of one step means them."""
    document, notes = emitted(dated(tmp_path, "formats: {dates: DD.MM.YYYY, zone: Europe/Berlin}"))
    assert document["data"] == {"offer": "7", "title": "Chef", "start_date": "2027-01-11"}
    assert (document["subject"], document["id"], notes) == ("5", "7-e1", [])
    assert parse_instant(str(document["time"])) == parse_instant("2026-11-19T23:00:00Z")


def test_a_format_holds_for_one_value_and_says_what_it_could_not_read(tmp_path: Path) -> None:
    file = dated(tmp_path, start="{path: event.start, format: MM/DD/YYYY}")
    document, _ = emitted(file, start="01/02/2027")
    assert document["data"]["start_date"] == "2027-01-02"  # type: ignore[index]
    document, notes = emitted(file, start="13/02/2027", sent="2026-11-20")
    assert "start_date" not in document["data"]  # type: ignore[operator]
    assert notes == ["event.start was left out: it is not written as MM/DD/YYYY"]


@pytest.mark.parametrize(
    ("formats", "start", "problem"),
    [
        ("formats: {dates: DD.MM}", "event.start", "7:18: R021 'DD.MM' is no format of days or times (it has no year"),
        (
            "formats: {dates: [DD/MM/YYYY], month_first: true}",
            "event.start",
            "7:10: R021 one text can be read by DD/MM/YYYY and MM/DD/YYYY",
        ),
        ("", "{path: event.start, format: 5}", "18:51: R006 a format must be a text"),
        ("", "{path: event.start, format: DD.MM.YYYY, default: x}", "18:51: R021 a format has no words"),
        ("", "$", "18:23: R022 '$' is not a path"),
    ],
)
def test_a_wrong_format_is_found_at_the_load(tmp_path: Path, formats: str, start: str, problem: str) -> None:
    with pytest.raises(MappingError) as caught:
        load_mapping(dated(tmp_path, formats, start))
    assert any(str(one).startswith(f"dated.yaml:{problem}") for one in caught.value.problems), str(caught.value)


@pytest.mark.parametrize("value", [20260415, 0, -20260415, 179574957, True])
@pytest.mark.parametrize("unit", ["seconds", "milliseconds"])
def test_a_number_of_few_digits_is_no_day_since_the_epoch(value: int, unit: str) -> None:
    formats = Formats(unit=unit, zone=ZoneInfo("Europe/Berlin"))
    assert (day(value, formats), deadline(value, formats), start_of_day(value, formats)) == (value, None, None)
    assert day({"seconds": 1795749570, "milliseconds": 1795749570123}[unit], formats) == "2026-11-27"


@pytest.mark.parametrize("written", ["2026-12-04t17:00:00z", "2026-12-04T17:00:00z", "2026-12-04 17:00z"])
def test_the_letters_of_a_time_may_be_small_as_in_events(written: str) -> None:
    assert instant(written, Formats()) == parse_instant("2026-12-04T17:00:00Z")
    assert deadline(written, Formats()) == "2026-12-04T17:00:00Z"
    assert day(written, Formats()) == "2026-12-04"
    leap = written.replace("17:00:00", "23:59:60").replace("17:00", "23:59:60")
    assert deadline(leap, Formats()) == "2026-12-05T00:00:00Z"
    assert instant("soonz", Formats()) is instant("2026-12-04z", Formats()) is None
