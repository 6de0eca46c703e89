"""Random changes of messages on the work queue: each is handled or dead-lettered, and its neighbours count.

HYPOTHESIS_PROFILE=thorough tries more of them.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signpost.messaging import Delivery
from signpost.messaging.message import Outcome
from signpost.names import EVENTS, FEEDBACK
from tests.support.workers_kit import System, event, message, system

SAMPLES = [
    message(each).body
    for each in (
        event("offer.extended", offer="o", employer={"id": "e", "name": "Acme"}, respond_by="2026-03-09T09:00:00Z"),
        event("interview.scheduled", interview="i", starts_at="2026-03-20T09:00:00Z", format="video"),
        event("candidate.merged", into="c-9"),
        event("candidate.erased"),
        event("advice.dismissed", recommendation="rec_none"),
    )
]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8) | st.just("x" * 2000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NUMBERS = count()


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A real message with one member replaced, left out or added, at either level, or with some bytes changed."""
    document: dict[str, Any] = orjson.loads(draw(st.sampled_from(SAMPLES)))
    place = draw(st.sampled_from([document, document["data"]]))
    name = draw(st.sampled_from([*place, "unknown", "custom"]))
    if draw(st.booleans()):
        place.pop(name, None)
    else:
        place[name] = draw(ANY)
    if name != "id":
        document["id"] = draw(st.uuids()).hex
    try:
        body = orjson.dumps(document)
    except TypeError:  # an integer that JSON of 64 bits cannot have
        body = repr(document).encode()
    at, new = draw(st.integers(0, 300)), draw(st.binary(max_size=3))
    return body[:at] + new + body[at + len(new) :] if draw(st.booleans()) else body


@pytest.fixture(scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        yield made


def delivery(body: bytes, name: str, exchange: str) -> Delivery:
    return Delivery(body, {}, "0.acme.offer.extended", name, "", False, 0, None, exchange)


@pytest.mark.fuzz
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(bodies() | st.binary(max_size=40), min_size=1, max_size=4), st.sampled_from([EVENTS, FEEDBACK]))
def test_no_message_stops_its_batch(signpost: System, found: list[bytes], exchange: str) -> None:
    good = f"good-{next(NUMBERS)}"
    neighbour = delivery(message(event("offer.extended", good, offer="o", id=good)).body, good, EVENTS)
    odd = [delivery(body, f"m-{number}", exchange) for number, body in enumerate(found)]
    result = signpost.handler().handle([*odd, neighbour], signpost.clock)
    while result.deferred:  # until after an erasure that the batch contains
        count = len(result.deferred)
        later = signpost.handler().handle(result.deferred, signpost.clock)
        assert len(later.deferred) < count
        result.settlements, result.deferred = [*result.settlements, *later.settlements], later.deferred
    outcomes = {one.delivery.message_id: one for one in result.settlements}
    assert set(outcomes) == {good, *(each.message_id for each in odd)}
    assert outcomes[good].outcome is Outcome.DONE
    assert all(one.outcome is Outcome.DONE or one.reason for one in result.settlements)
    assert signpost.store.case("acme", good) is not None
