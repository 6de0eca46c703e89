"""Samples of vendors at the present: all times move by the same days, and nothing else changes."""

import json

import pytest

from signpost.case.instant import DAY, parse_instant
from signpost.ingress.sample_times import days_to_present, moved
from signpost.ingress.vendors import VENDORS

NOW = parse_instant("2026-11-26T10:00:00Z")


def to_present(body: bytes, happened: int | None = None) -> bytes:
    return moved(body, days_to_present(body, NOW, happened=happened))


def test_all_times_move_by_the_same_days() -> None:
    times = b'"sent": "2015-05-10T17:59:59.5-05:00", "start": "2015-05-12", "at": 1431454330072'
    body = b'{%s, "id": "2015-05-12x", "n": 12}' % times
    found = json.loads(to_present(body))
    assert found["start"] == "2026-11-25"
    assert found["sent"] == "2026-11-23T17:59:59.5-05:00"
    assert found["at"] == 1431454330072 + (NOW // DAY - 1 - 1431454330072 // 86_400_000) * 86_400_000
    assert (found["id"], found["n"]) == ("2015-05-12x", 12)


def test_what_lies_ahead_of_the_event_stays_ahead() -> None:
    found = json.loads(
        to_present(b'{"sent": "2015-05-10", "start": "2015-07-12"}', parse_instant("2015-05-10T09:00:00Z"))
    )
    assert found == {"sent": "2026-11-25", "start": "2027-01-27"}


def test_an_event_whose_time_does_not_move_says_nothing_of_the_others() -> None:
    found = json.loads(to_present(b'{"at": 1431454330, "start": "2015-07-12"}', NOW))
    assert found == {"at": 1431454330, "start": "2026-11-25"}


def test_the_last_of_all_days_stays() -> None:
    found = json.loads(
        to_present(b'{"sent": "2015-05-10", "until": "9999-12-31"}', parse_instant("2015-05-10T09:00:00Z"))
    )
    assert found == {"sent": "2026-11-25", "until": "9999-12-31"}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"a": "2015-99-99", "b": 1}', b"not json"])
def test_a_body_without_times_is_unchanged(body: bytes) -> None:
    assert to_present(body) == body


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_sample_stays_readable(vendor: str) -> None:
    for sample in VENDORS[vendor].samples:
        before, after = (json.loads(body) for body in (sample.body(), to_present(sample.body())))
        assert _shape(before) == _shape(after)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value)
