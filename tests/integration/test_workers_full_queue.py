"""One consumer's queue is full: the others get no flood of copies, other advice goes on, and the log names the key."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pika import BlockingConnection, URLParameters

from signpost.case.instant import MINUTE, SECOND
from signpost.messaging import Message
from signpost.messaging.embedded.routing import bind
from signpost.names import ADVICE
from signpost.workers.refused_keys import MAX_PAUSE_US
from tests.support.workers_kit import KINDS, System, system

FULL, OTHER = "foreign.full", "foreign.other"
STUCK, FREE = "acme.candidate.offers.high.raised", "acme.employer.offers.high.raised"
COUNT, TURNS = 30, 60


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


@contextmanager
def foreign_queues(signpost: System) -> Iterator[None]:
    """Two queues that consumers made without asking: one has a maximum length of one message and refuses others."""
    limit = {"x-max-length": 1, "x-overflow": "reject-publish"}
    if signpost.broker_url.startswith("amqp"):
        with BlockingConnection(URLParameters(signpost.broker_url)) as connection:
            channel = connection.channel()
            channel.queue_declare(FULL, durable=True, arguments=limit)
            channel.queue_declare(OTHER, durable=True)
            channel.queue_bind(FULL, ADVICE, "acme.candidate.#")
            channel.queue_bind(OTHER, ADVICE, "acme.#")
            yield
        return
    with sqlite3.connect(signpost.broker_url.removeprefix("sqlite:///")) as connection:
        arguments = '{"x-max-length": 1, "x-overflow": "reject-publish"}'
        connection.execute("INSERT INTO queue_queues VALUES (?, ?, NULL)", (FULL, arguments))
        connection.execute("INSERT INTO queue_queues VALUES (?, '{}', NULL)", (OTHER,))
        bind(connection, ADVICE, FULL, "acme.candidate.#")
        bind(connection, ADVICE, OTHER, "acme.#")
    yield


def keep(signpost: System, key: str, names: list[str]) -> None:
    """Put messages into the outbox, due at once."""
    messages = [Message(ADVICE, key, b"{}", name) for name in names]
    with signpost.store.transaction() as tx:
        tx.enqueue(messages, tenant="acme", case_key="c-1", now=signpost.now, leased_until=signpost.now)


def test_a_full_queue_costs_the_others_a_few_copies(signpost: System, caplog: pytest.LogCaptureFixture) -> None:
    with foreign_queues(signpost):
        signpost.send(Message(ADVICE, STUCK, b"{}", "fills it"))
        keep(signpost, STUCK, [f"stuck-{number}" for number in range(COUNT)])
        relay = signpost.relay()
        for turn in range(TURNS):
            signpost.now += MINUTE
            keep(signpost, FREE, [f"free-{turn}"])
            relay.step()
        copies = [each.message_id for each in signpost.broker.get(OTHER, 100_000)]
        assert [name for name in copies if name.startswith("free")] == [f"free-{turn}" for turn in range(TURNS)]
        assert signpost.store.outbox.depth(signpost.now).waiting == COUNT
        assert f"{ADVICE} {STUCK}" in caplog.text
        again = len(copies) - TURNS - COUNT
        assert again <= 10, f"{again} copies in an hour"

        signpost.broker.purge(FULL)
        signpost.now += MAX_PAUSE_US + SECOND
        for _ in range(3 * COUNT):
            relay.step()
            signpost.broker.purge(FULL)
            signpost.now += MAX_PAUSE_US + SECOND
        assert signpost.store.outbox.depth(signpost.now).waiting == 0
        assert {each.message_id for each in signpost.broker.get(OTHER, 100_000)} == {
            f"stuck-{number}" for number in range(COUNT)
        }
