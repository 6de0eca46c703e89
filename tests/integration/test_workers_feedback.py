"""Feedback by queue, on both stacks: heeded where it is an answer, parked where it is anything else."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from signpost.case.event import Event
from signpost.messaging import Message
from signpost.messaging.message import REASON
from signpost.names import DEAD, FEEDBACK
from signpost.schemas import dump_event
from tests.support.workers_kit import KINDS, System, event, system


@pytest.fixture(params=KINDS, scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


def as_a_consumer_does(said: Event) -> Message:
    """It knows no partition."""
    return Message(FEEDBACK, "", orjson.dumps(dump_event(said)), said.id)


def told(signpost: System) -> list[dict[str, Any]]:
    return [orjson.loads(one.body)["data"] for one in signpost.published()]


def test_an_answer_by_queue_settles_a_recommendation(signpost: System) -> None:
    signpost.handle(event("offer.extended", subject="c-1", at=1, offer="acme"))
    [raised] = [one for one in told(signpost) if one["rule"] == "ask-response-deadline"]
    signpost.send(as_a_consumer_does(event("advice.done", subject="c-1", at=2, recommendation=raised["id"])))
    signpost.work(1)
    [change] = told(signpost)
    assert (change["id"], change["change"], change["sequence"]) == (raised["id"], "done", 2)


def test_nothing_but_answers_comes_by_this_way(signpost: System) -> None:
    signpost.send(as_a_consumer_does(event("offer.extended", subject="c-2", at=1, offer="acme")))
    signpost.work(1)
    assert told(signpost) == []
    [parked] = signpost.broker.get(DEAD, 10)
    assert "is not feedback" in str(parked.headers[REASON])
