"""Times as numbers since the epoch: a number of another unit than the mapping's is no time, and the note names it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from signpost.case.instant import format_instant, parse_instant
from signpost.cli.sources.trial import _run_steps
from signpost.ingress.mapping import Vendor
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receiving import TranslationResult, WebhookRequest, read
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import Source
from tests.support.own_mappings import call

NOW = parse_instant("2026-11-26T10:00:00Z")
MAPPING = """
title: Epochs
attested: made up
signature: {scheme: body, header: X-Epochs-Signature}
event: kind
occurrence: uid
formats: {unit: UNIT}
events:
  - on: [sent]
    subject: who
    emit:
      - type: offer.extended
        id: "offer-{offer}-{occurrence}"
        time: at
        data: {offer: offer}
        terms: {respond_by: answer, start_date: first}
      - type: interview.scheduled
        id: "talk-{talk}-{occurrence}"
        time: {earliest: [at]}
        data: {interview: talk}
        terms: {starts_at: start, ends_at: end}
samples:
  - {file: sent.json, attested: made up, gives: [offer.extended, interview.scheduled]}
"""
TIMES = {"at": 1795600000, "answer": 1797000000, "first": 1798000000, "start": 1796200000, "end": 1796203600}


def body_of(factor: int, **changes: Any) -> bytes:
    times = {name: value * factor for name, value in TIMES.items()}
    body = {"kind": "sent", "uid": "u-1", "who": "P-9", "offer": "77", "talk": "T-1", **times, **changes}
    return json.dumps(body).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "vendors" / "samples" / "epochs").mkdir(parents=True)
    yield tmp_path / "vendors"
    VENDORS.read_own(None)


def vendor_of(folder: Path, unit: str, body: bytes) -> Vendor:
    (folder / "epochs.yaml").write_text(MAPPING.replace("UNIT", unit))
    (folder / "samples" / "epochs" / "sent.json").write_bytes(body)
    return load_mapping(folder / "epochs.yaml")


def taken(vendor: Vendor, body: bytes) -> TranslationResult:
    return read(WebhookRequest(vendor, Source("acme", "epochs", "epochs", ()), (), {}, body, NOW))


@pytest.mark.parametrize(
    ("unit", "factor", "why"),
    [
        ("milliseconds", 1, "10 digits are seconds: write formats: {unit: seconds}"),
        ("seconds", 1000, "13 digits are milliseconds: write formats: {unit: milliseconds}"),
    ],
)
def test_a_number_of_the_other_unit_is_no_time_and_the_note_names_its_unit(
    folder: Path, unit: str, factor: int, why: str
) -> None:
    vendor = vendor_of(folder, unit, body_of(factor))
    result = taken(vendor, body_of(factor))
    assert [(one.time, one.dated) for one in result.events] == [(NOW, False)] * 2
    assert [set(one.data) for one in result.events] == [{"offer"}, {"interview"}]
    told = [note.message for note in result.notes]
    for what in ("the time of offer.extended", "respond_by", "start_date", "at", "starts_at", "ends_at"):
        assert any(f"{what} was left out: its value cannot be read" in one and why in one for one in told), told
    assert not any(str(value * factor) in one for one in told for value in TIMES.values()), "it may be personal"
    [checked] = json.loads(call(folder.parent, "sources", "check", str(folder / "epochs.yaml"), "--json").output)
    warnings = checked["samples"][0]["warnings"]
    for value in TIMES.values():
        assert any(str(value * factor) in one and why in one for one in warnings), warnings
    assert not any("1970" in one for one in warnings)


@pytest.mark.parametrize(("unit", "factor"), [("seconds", 1), ("milliseconds", 1000)])
def test_numbers_of_the_unit_are_times_from_2000_on(folder: Path, unit: str, factor: int) -> None:
    vendor = vendor_of(folder, unit, body_of(factor))
    result = taken(vendor, body_of(factor, at=946_684_800 * factor))
    assert {format_instant(one.time) for one in result.events} == {"2000-01-01T00:00:00Z"}
    assert result.events[0].data["respond_by"] == "2026-12-11T14:40:00Z"
    assert not result.notes
    early = taken(vendor, body_of(factor, at=946_684_799 * factor))
    assert not any(one.dated for one in early.events)
    assert any(f"no time since 2000 in {unit}" in note.message for note in early.notes)


@pytest.mark.parametrize(
    ("unit", "factor", "quoted"), [("seconds", 1, False), ("seconds", 1, True), ("milliseconds", 1000, False)]
)
def test_the_times_of_a_sample_move_in_their_unit(folder: Path, unit: str, factor: int, quoted: bool) -> None:
    changes = {"at": str(TIMES["at"])} if quoted else {}
    vendor = vendor_of(folder, unit, body_of(factor, **changes, room=1796200001, count=1795600000001234))
    sent = sent_by_trial(vendor)
    day = 86_400 * factor
    [shift] = {int(sent[name]) - value * factor for name, value in TIMES.items()}
    assert isinstance(sent["at"], str) == quoted
    assert shift % day == 0
    assert 0 < time.time() - int(sent["at"]) / factor < 2 * 86_400, "it happened yesterday"
    assert (sent["room"], sent["count"]) == (1796200001, 1795600000001234), "no time of the mapping"


def sent_by_trial(vendor: Vendor) -> dict[str, Any]:
    """The body that `sources test` sends."""
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(vendor.success, json={})

    source = Source("acme", "epochs", "epochs", ("a secret of sixteen bytes or more",))
    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://test") as client:
        _run_steps(client, source, vendor, vendor.samples[0], patience=0)
    return dict(json.loads(bodies[0]))
