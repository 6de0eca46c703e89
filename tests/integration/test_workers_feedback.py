"""Feedback by queue, on both stacks: heeded where it is an answer, parked where it is anything else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from signpost.case.event import Event
from signpost.case.instant import format_instant
from signpost.messaging import Delivery, Message, Outcome
from signpost.messaging.message import REASON
from signpost.names import DEAD, FEEDBACK
from signpost.schemas import dump_event
from signpost.schemas.cloudevent import MAX_AHEAD_US
from signpost.workers.batch_result import BatchResult
from signpost.workers.feedback import covers
from tests.support.workers_kit import KINDS, System, event, recent_event, system


@pytest.fixture(params=KINDS, scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


@pytest.mark.parametrize(
    ("pattern", "is_covered"),
    [
        ("acme.candidate.#", True),
        ("agenda:acme.candidate.#", True),
        ("agenda:*.*.urgent", True),
        ("agenda:globex.#", False),
        ("agenda:acme.employer.#", False),
        ("questions:acme.#", False),
    ],
)
def test_a_consumer_answers_what_its_agendas_or_messages_are_about(pattern: str, is_covered: bool) -> None:
    assert covers(pattern, "acme", "candidate") == is_covered


def as_a_consumer_does(said: Event) -> Message:
    """It knows no partition."""
    return Message(FEEDBACK, "", orjson.dumps(dump_event(said)), said.id)


def emitted(signpost: System) -> list[dict[str, Any]]:
    return [orjson.loads(one.body)["data"] for one in signpost.published()]


def test_an_answer_by_queue_settles_a_recommendation(signpost: System) -> None:
    signpost.handle(event("offer.extended", subject="c-1", at=1, offer="acme"))
    [raised] = [one for one in emitted(signpost) if one["rule"] == "ask-response-deadline"]
    signpost.send(as_a_consumer_does(event("advice.done", subject="c-1", at=2, recommendation=raised["id"])))
    signpost.work(1)
    [change] = emitted(signpost)
    assert (change["id"], change["change"], change["sequence"]) == (raised["id"], "done", 2)


def test_nothing_but_answers_comes_by_this_way(signpost: System) -> None:
    signpost.send(as_a_consumer_does(event("offer.extended", subject="c-2", at=1, offer="acme")))
    signpost.work(1)
    assert emitted(signpost) == []
    [parked] = signpost.broker.get(DEAD, 10)
    assert "is not feedback" in str(parked.headers[REASON])


def answer(recommendation: str, type: str = "advice.dismissed", **more: Any) -> Message:
    """An answer as a consumer publishes it; `more` replaces attributes of the CloudEvent."""
    said = event(type, "c-1", at=2, id=f"{type}.{recommendation}", recommendation=recommendation)
    document = {**dump_event(said), **more}
    return Message(FEEDBACK, "", orjson.dumps(document), str(document["id"]))


def raise_advice(signpost: System, subject: str, tenant: str = "acme") -> str:
    """Let one offer raise advice. Returns the id of a recommendation."""
    signpost.handle(event("offer.extended", subject, at=1, offer="o-1", tenant=tenant))
    [raised] = [each for each in emitted(signpost) if each["rule"] == "ask-response-deadline"]
    return str(raised["id"])


def reason_of_refusal(signpost: System, message: Message) -> str:
    """Send one message that the advisor must refuse without any effect. Returns the reason."""
    signpost.send(message)
    signpost.work(1)
    assert emitted(signpost) == []
    [dead] = signpost.broker.get(DEAD, 10)
    return str(dead.headers[REASON])


def test_feedback_cannot_take_the_identity_of_a_later_event(signpost: System) -> None:
    recommendation = raise_advice(signpost, "c-forged")
    erasure = event("candidate.erased", "c-forged", at=3, id="erasure-1")
    signpost.send(answer(recommendation, id=erasure.id, source=erasure.source, subject="c-forged"))
    signpost.work(1)
    assert [change["change"] for change in emitted(signpost)] == ["dismissed"]
    signpost.handle(erasure)
    assert signpost.store.case("acme", "c-forged") is None, "erased, and no repeat"


def test_two_senders_of_one_consumer_may_number_alike(signpost: System) -> None:
    first, second = raise_advice(signpost, "c-first"), raise_advice(signpost, "c-second")
    for recommendation, source in ((first, "app"), (second, "mail")):
        signpost.send(answer(recommendation, id="1", source=source))
    signpost.work(2)
    assert {change["id"] for change in emitted(signpost)} == {first, second}


def test_feedback_on_an_unknown_recommendation_creates_no_case(signpost: System) -> None:
    assert "no recommendation" in reason_of_refusal(signpost, answer("rec_none", subject="c-none"))
    assert signpost.store.case("acme", "c-none") is None


def test_feedback_of_an_unknown_tenant_creates_no_case(signpost: System) -> None:
    recommendation = raise_advice(signpost, "c-3")
    assert "no recommendation" in reason_of_refusal(signpost, answer(recommendation, tenant="nobody", subject="c-3"))
    assert list(signpost.store.cases("nobody")) == []


def test_feedback_belongs_to_the_case_of_its_recommendation(signpost: System) -> None:
    recommendation = raise_advice(signpost, "c-4")
    signpost.send(answer(recommendation, subject="c-elsewhere"))
    signpost.work(1)
    assert [(change["candidate"], change["change"]) for change in emitted(signpost)] == [("c-4", "dismissed")]
    assert signpost.store.case("acme", "c-elsewhere") is None


def test_feedback_from_the_future_is_refused(signpost: System) -> None:
    recommendation = raise_advice(signpost, "c-5")
    reason = reason_of_refusal(signpost, answer(recommendation, time="9998-01-01T00:00:00Z"))
    assert "ahead of" in reason
    late = format_instant(signpost.now + MAX_AHEAD_US)
    signpost.send(answer(recommendation, "advice.done", time=late))
    signpost.work(1)
    assert [change["change"] for change in emitted(signpost) if change["id"] == recommendation] == ["done"]


@pytest.fixture
def two_consumers(signpost: System) -> Iterator[None]:
    """A broker that is shared: one consumer for each of two tenants, with a user of its own."""
    signpost.store.consumers.put("acme-app", ["acme.candidate.#"], 0, user="acme-user")
    signpost.store.consumers.put("globex-app", ["globex.#"], 0, user="globex-user")
    yield
    for name in ("acme-app", "globex-app"):
        signpost.store.consumers.remove(name)


@pytest.mark.usefixtures("two_consumers")
@pytest.mark.parametrize("user", ["", "globex-user", "nobody"])
def test_no_user_answers_for_another_tenant(signpost: System, user: str) -> None:
    recommendation = raise_advice(signpost, f"c-user-{user}")
    result = handle_as(signpost, user, answer(recommendation))
    assert emitted(signpost) == []
    assert [settled.outcome for settled in result.settlements] == [Outcome.DEAD]
    assert "user" in result.settlements[0].reason


@pytest.mark.usefixtures("two_consumers")
def test_a_user_answers_for_its_tenant(signpost: System) -> None:
    recommendation = raise_advice(signpost, "c-own")
    [outgoing] = handle_as(signpost, "acme-user", answer(recommendation)).outgoing
    assert outgoing.message.headers["cloudEvents_id"] == f"{recommendation}.2"


@pytest.mark.usefixtures("two_consumers")
def test_a_user_answers_only_for_the_audience_that_it_reads(signpost: System) -> None:
    signpost.store.consumers.put("acme-app", ["acme.employer.#"], 0, user="acme-user")
    recommendation = raise_advice(signpost, "c-audience")
    result = handle_as(signpost, "acme-user", answer(recommendation))
    assert [settled.outcome for settled in result.settlements] == [Outcome.DEAD]


def handle_as(signpost: System, user: str, message: Message) -> BatchResult:
    """Handle a message as one that the broker delivers from a user; the embedded queue has no users."""
    arrived = Delivery(
        message.body, {}, "", message.message_id, message.content_type, False, 0, 1, FEEDBACK, user_id=user
    )
    return signpost.handler().handle([arrived], signpost.clock)


EXAMPLES = Path(__file__).parents[2] / "examples" / "consumers"
COMMANDS = {
    "python": [sys.executable, str(EXAMPLES / "python" / "feedback.py")],
    "javascript": ["node", str(EXAMPLES / "javascript" / "feedback.mjs")],
}


@pytest.mark.parametrize("language", COMMANDS)
def test_the_examples_answer_as_their_user(language: str, request: pytest.FixtureRequest) -> None:
    if language == "javascript" and not (EXAMPLES / language / "node_modules").exists():
        pytest.skip("only on demand: Node.js, and `make consumers-js` once")
    with system("rabbitmq", request) as signpost:
        signpost.store.consumers.put("notifier", ["acme.#"], 0, user="guest")
        signpost.now = time.time_ns() // 1000
        signpost.handle(recent_event("offer.extended", "c-1", offer="o-1"))
        [raised] = [each.body for each in signpost.published() if b"ask-response-deadline" in each.body]
        environ = os.environ | {"AMQP_URL": signpost.broker_url}
        subprocess.run([*COMMANDS[language], "done"], input=raised, env=environ, check=True, timeout=60)
        signpost.work(1)
        [change] = emitted(signpost)
        assert (change["id"], change["change"]) == (orjson.loads(raised)["data"]["id"], "done")
