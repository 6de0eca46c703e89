"""Endpoints and attempts as JSON, what a message is about, and what stays of it after an erasure."""

import orjson
import pytest

from signpost.case.instant import HOUR, SECOND, format_instant
from signpost.outgoing.documents import attempt_document, endpoint_document, state_of
from signpost.outgoing.items import covers, is_end, is_state, item_for, redact
from signpost.storage import Announcement, AttemptRow, EndpointCounts
from tests.support.receivers import NOW, body_of, endpoint


def attempt(case_key: str = "c-1", duration: int = 1_499_600) -> AttemptRow:
    """An attempt that was refused."""
    return AttemptRow(
        7, "acme", "ep_1", case_key, "r-1.1", 2, NOW, duration, "refused", 500, "it refuses", b"\xff oops"
    )


def test_an_endpoint_that_fails_says_since_when_and_what_waits() -> None:
    row = endpoint()
    assert state_of(row) == "enabled"
    failing = type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"failing_since": NOW - HOUR})
    document = endpoint_document(failing, EndpointCounts(3, 12_345_000, 1), NOW)
    assert (document["state"], document["failing_since"]) == ("failing", format_instant(NOW - HOUR))
    assert (document["waiting"], document["oldest_s"], document["set_aside"]) == (3, 12.3, 1)
    assert endpoint_document(row, EndpointCounts(), NOW)["oldest_s"] is None


@pytest.mark.parametrize(("paused_us", "has_pause"), [(-SECOND, False), (0, False), (1, True)])
def test_a_pause_that_is_over_is_no_next_attempt(paused_us: int, has_pause: bool) -> None:
    row = endpoint()
    paused = type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"paused_until": NOW + paused_us})
    assert (endpoint_document(paused, None, NOW)["next_attempt"] is not None) == has_pause


def test_an_attempt_has_milliseconds_and_its_candidate_if_there_is_one() -> None:
    document = attempt_document(attempt())
    assert (document["candidate"], document["duration_ms"], document["response"]) == ("c-1", 1500, "\ufffd oops")
    assert attempt_document(attempt(""))["candidate"] is None


def test_any_pattern_is_enough() -> None:
    message = Announcement(
        "acme", "c-1", "acme.candidate.offers.high.raised", "r-1.1", NOW, body_of("r-1", 1, "raised", "c-1")
    )
    assert item_for(endpoint("ep_1", "acme.employer.#", "acme.candidate.#"), message) is not None
    assert item_for(endpoint("ep_1", "acme.employer.#", "agenda:acme.#"), message) is None
    assert not covers("acme.employer.#", "acme.candidate.offers.high.raised")


@pytest.mark.parametrize("words", ["cards", "held", "questions"])
def test_a_state_ends_when_nothing_is_left_in_it(words: str) -> None:
    left: dict[str, list[str]] = {"cards": [], "held": [], "questions": []}
    assert is_end(left)
    assert not is_end({**left, words: ["one"]})
    assert is_state(left)
    assert not is_state({"status": "active"})


def test_the_end_of_a_state_has_nothing_to_remove() -> None:
    end = orjson.dumps({"id": "a-1.2", "data": {"id": "a-1", "cards": [], "held": [], "title": "Nothing to do"}})
    assert redact(end) == end
