"""What is said of a value that an own mapping cannot read: how its formats read one, or that no such day exists."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.ingress.date_patterns import read_pattern
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receiving import WebhookRequest, read
from signpost.tenants.model import Source
from tests.support.own_mappings import HUNTFLOW, SENT, call, own_mappings


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def notes(own: Path, text: str, sent: str) -> tuple[list[str], list[str]]:
    """The warnings of the check, and the notes of a delivery, which have no values."""
    (own / "huntflow.yaml").write_text(text)
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(sent)
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    vendor = load_mapping(own / "huntflow.yaml")
    result = read(WebhookRequest(vendor, Source("s", "acme", "huntflow", ()), (), {}, sent.encode(), 0))
    told = [one.message for one in result.notes if "was left out" in one.message]
    return [one for one in found["samples"][0]["warnings"] if "was left out" in one], told


NEITHER = "neither ISO 8601 nor written as "
HUNTFLOWS = "DD.MM.YYYY or DD.MM.YYYY HH:mm"
NO_DAY, NO_TIME = "no such day exists", "no such time exists"


@pytest.mark.parametrize(
    ("sent", "dates", "why"),
    [
        ("2027/01/11", "DD.MM.YYYY", f"{NEITHER}DD.MM.YYYY"),
        ("2027/01/11", '[DD.MM.YYYY, "DD.MM.YYYY HH:mm"]', f"{NEITHER}DD.MM.YYYY or DD.MM.YYYY HH:mm"),
        ("2027/01/11", "[]", f"{NEITHER}`dates` of formats says"),
        ("31.02.2027", "DD.MM.YYYY", NO_DAY),
        ("31.13.2027", "DD.MM.YYYY", f"{NEITHER}DD.MM.YYYY"),
        ("11.01.2027 25:00", '[DD.MM.YYYY, "DD.MM.YYYY HH:mm"]', NO_TIME),
        ("2027-02-31", "DD.MM.YYYY", NO_DAY),
    ],
)
def test_a_day_that_cannot_be_read_is_told_by_the_formats(own: Path, sent: str, dates: str, why: str) -> None:
    text = HUNTFLOW.replace('[DD.MM.YYYY, "DD.MM.YYYY HH:mm"]', dates).replace("answer_by", "start")
    warned, told = notes(own, text, SENT.replace("11.01.2027", sent))
    at = "huntflow.yaml:{} was left out: its value cannot be read"
    is_lack = why in (NO_DAY, NO_TIME)
    start, respond = at.format("24:23: start_date"), at.format("25:23: respond_by")
    more = '; add "YYYY/MM/DD" to `dates` of formats' if sent == "2027/01/11" else ""
    assert f"{start}: it is '{sent}'; {'' if is_lack else 'it is '}{why}{more}" in warned
    assert f"{respond}: it is '{sent}', {'and ' if is_lack else 'which is '}{why}{more}" in warned
    if dates == "[]":
        assert f'{start}; must be a date like "2026-03-02"' in told
    else:
        assert f"{start}; {'' if is_lack else 'it is '}{why}" in told
        assert f"{respond}; {'' if is_lack else 'it is '}{why}" in told


FORMAT = '{path: "{event.offer.start} {event.offer.hour}", format: "DD.MM.YYYY HH:mm"}'


@pytest.mark.parametrize(
    ("sent", "why", "hidden"),
    [
        ("31.02.2027", "and no such day exists", "no such day exists"),
        ("2027-02-01", "which is not written as DD.MM.YYYY HH:mm", "it is not written as DD.MM.YYYY HH:mm"),
    ],
)
def test_a_format_of_one_value_names_the_field_and_what_is_wrong(own: Path, sent: str, why: str, hidden: str) -> None:
    text = HUNTFLOW.replace("respond_by: event.offer.answer_by", f"respond_by: {FORMAT}")
    body = SENT.replace('"start": "11.01.2027"', f'"start": "{sent}", "hour": "17:30"')
    warned, told = notes(own, text.replace("          start_date: event.offer.start\n", ""), body)
    assert warned == [f"respond_by was left out: it is '{sent} 17:30', {why}"]
    assert told == [f"respond_by was left out: {hidden}"]


@pytest.mark.parametrize(
    ("sent", "decimal", "hint"),
    [
        ("61.500,00 EUR", ",", 'formats: {decimal: ","} reads a text like "72.500,00", without a currency'),
        ("61,500.00 EUR", ".", 'formats: {decimal: "."} reads a text like "72,500.00", without a currency'),
        ("61.500,00", "", 'write formats: {decimal: ","}'),
        ("61 500.00", "", 'write formats: {decimal: "."}'),
        ("61.500,00", ".", 'write formats: {decimal: ","}'),
        ("61,500", "", 'write formats: {decimal: ","} or {decimal: "."}'),
        ("much", "", '/amount must be a number or a decimal text of at least 0, like "80000.50"'),
        ("-5", ",", '/amount must be a number or a decimal text of at least 0, like "80000.50"'),
    ],
)
def test_an_amount_that_cannot_be_read_is_told_by_the_decimal_mark(
    own: Path, sent: str, decimal: str, hint: str
) -> None:
    text = HUNTFLOW.replace("formats: {", f'formats: {{decimal: "{decimal}", ') if decimal else HUNTFLOW
    warned, told = notes(own, text, SENT.replace("60000", f'"{sent}"'))
    at = "huntflow.yaml:21:21: salary was left out: its value cannot be read"
    assert [one.startswith(f"{at}: it is {{'amount': '{sent}'") for one in warned] == [True]
    assert [one.rpartition("; ")[2] for one in warned] == [hint]
    assert f"{at}; {hint}" in told


def test_an_amount_without_its_currency_is_not_told_to_be_written_otherwise(own: Path) -> None:
    text = HUNTFLOW.replace("formats: {", 'formats: {decimal: ",", ').replace(
        "currency: event.offer.currency", "currency: event.none"
    )
    warned, _ = notes(own, text, SENT.replace("60000", '"61.500,00"'))
    assert "formats" not in warned[0]


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        ("31.02.2027", "no such day exists"),
        ("30.02.2028", "no such day exists"),
        ("29.02.2028", ""),
        ("2027-02-31", ""),
        ("01.13.2027", ""),
    ],
)
def test_a_pattern_tells_a_day_that_does_not_exist(text: str, lack: str) -> None:
    assert read_pattern("DD.MM.YYYY").lack(text) == lack


@pytest.mark.parametrize(
    ("old", "new", "sent", "warning"),
    [
        (
            "words: periods",
            "words: {monthly: month}",
            "24.11.2026 10:15",
            "event.offer.period: no word table has 'yearly', so it is unknown",
        ),
        (
            "{yearly:",
            "{annual:",
            "24.11.2026 10:15",
            "event.offer.period: the word table periods has no 'yearly', so it is unknown",
        ),
        (
            "time: event.created",
            "time: event.created",
            "24.11.2026 10:15 +01:00",
            f"'24.11.2026 10:15 +01:00', which is {NEITHER}{HUNTFLOWS}; add \"DD.MM.YYYY HH:mm Z\" to `dates`",
        ),
        (
            "time: event.created",
            "time: event.created",
            "24/11/2026 10:15",
            f"'24/11/2026 10:15', which is {NEITHER}{HUNTFLOWS}; add \"DD/MM/YYYY HH:mm\" to `dates`",
        ),
    ],
)
def test_a_warning_has_its_place_and_what_would_read_the_value(
    own: Path, old: str, new: str, sent: str, warning: str
) -> None:
    text = HUNTFLOW.replace(old, new)
    (own / "huntflow.yaml").write_text(text)
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(SENT.replace("24.11.2026 10:15", sent))
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    [told] = [one for one in found["samples"][0]["warnings"] if warning in one]
    name, line, _, _ = told.split(":", 3)
    key = "event.created" if "ISO" in warning else "event.offer.period"
    assert (name, key in text.splitlines()[int(line) - 1]) == ("huntflow.yaml", True)
