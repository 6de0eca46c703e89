"""Every wait for RabbitMQ has a bound: what the connection is given, and how the pauses between attempts grow."""

import os
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from socket import create_server, socket

import pytest
from pika import BasicProperties
from pika.frame import Method
from pika.spec import Basic, Connection

from signpost.messaging import Bounds, BrokerAway, BrokerMisconfigured, Message, connect
from signpost.messaging.rabbitmq.connection import ConnectionThread, connection_parameters
from signpost.messaging.rabbitmq.publisher import Pending, RabbitPublisher
from signpost.settings import read_settings
from tests.support.private_servers import wait_until

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
URL = "amqp://guest:guest@127.0.0.1:5/none"


def test_a_connection_waits_for_nothing_longer_than_its_bounds() -> None:
    """pika's own defaults wait without end for a broker that is out of memory."""
    bounds = Bounds(connect_timeout_s=3, blocked_timeout_s=4, heartbeat_s=5)
    parameters = connection_parameters(URL, bounds, "signpost test")
    assert (parameters.socket_timeout, parameters.stack_timeout) == (3, 3)
    assert (parameters.blocked_connection_timeout, parameters.heartbeat) == (4, 5)
    assert parameters.connection_attempts == 1
    assert parameters.client_properties["connection_name"] == "signpost test"
    with pytest.raises(BrokerMisconfigured):
        connection_parameters("amqp://guest@host:port/", bounds, "x")


@contextmanager
def silent_broker() -> Iterator[tuple[str, list[float]]]:
    """A port that accepts connections and says nothing, and when each began."""
    taken: list[float] = []
    held: list[socket] = []
    with closing(create_server(("127.0.0.1", 0))) as server:

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return
                taken.append(time.monotonic())

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/", taken
        finally:
            server.shutdown(2)
            for one in held:
                one.close()


def test_a_broker_that_accepts_and_never_answers_is_left_and_tried_again() -> None:
    lost: list[str] = []
    with silent_broker() as (url, taken):
        bounds = Bounds(connect_timeout_s=0.2, backoff_first_s=0.01, backoff_max_s=0.02)
        thread = ConnectionThread(url, bounds, "test", lambda _: None, lost.append)
        thread.start()
        try:
            assert thread.wait_first_attempt(20) is False
            assert thread.failed
            assert thread.problem
            wait_until(lambda: len(taken) >= 3, "a third attempt")
        finally:
            thread.stop(1)
    assert len(lost) >= 2


def test_the_pauses_between_attempts_double_up_to_their_limit() -> None:
    with closing(create_server(("127.0.0.1", 0))) as server:
        url = f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/"
    bounds = Bounds(connect_timeout_s=1, backoff_first_s=0.01, backoff_max_s=0.05)
    pauses: list[float] = []
    thread = ConnectionThread(url, bounds, "test", lambda _: None, lambda _: pauses.append(thread._pause))
    thread.start()
    try:
        wait_until(lambda: len(pauses) >= 6, "six attempts")
    finally:
        thread.stop(1)
    assert pauses[:3] == [0.01, 0.02, 0.04] or pauses[:3] == [0.02, 0.04, 0.05]
    assert max(pauses) == 0.05


def test_two_returns_of_one_id_before_their_confirms_belong_to_two_messages() -> None:
    """Else the second message would count as delivered."""
    with closing(create_server(("127.0.0.1", 0))) as server:
        url = f"amqp://127.0.0.1:{server.getsockname()[1]}/"
    publisher = RabbitPublisher(url, Bounds(), "test")
    try:
        message = Message("signpost.events", "0.acme.x", b"{}", "e-1")
        first, second = (Pending(message, Future(), time.monotonic() + 60) for _ in range(2))
        publisher._outstanding = {1: first, 2: second}
        returned = Basic.Return(312, "NO_ROUTE", "signpost.events", "0.acme.x")
        for _ in range(2):
            publisher._on_return(None, returned, BasicProperties(message_id="e-1"), b"{}")
        assert first.returned
        assert second.returned
    finally:
        publisher.close(0)


def test_a_broker_that_never_answers_is_away_within_the_bounds_that_were_asked_for() -> None:
    with silent_broker() as (url, _):
        began = time.monotonic()
        with pytest.raises(BrokerAway, match="accepts connections and does not answer"):
            connect(url, bounds=Bounds(connect_timeout_s=0.2)).ping()
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("name", ["intake 7", ""])
def test_the_broker_shows_whose_connection_it_is(name: str) -> None:
    shown = name or f"signpost {os.getpid()}"
    answers: list[bytes] = []
    with closing(create_server(("127.0.0.1", 0))) as server:

        def greet() -> None:
            with server.accept()[0] as client:
                client.recv(8)
                client.sendall(Method(0, Connection.Start(server_properties={}, mechanisms="PLAIN")).marshal())
                answers.append(client.recv(4096))

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(BrokerAway):
            connect(f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/", name=name).ping()
        thread.join(60)
    assert b"connection_nameS" + len(shown).to_bytes(4) + shown.encode() in answers[0]


def test_the_bounds_that_nobody_asked_for_are_those_of_the_table() -> None:
    row = r"^\| .+? \| ([0-9.]+) \| `signpost\.messaging\.bounds\.Bounds\.(\w+)` \|$"
    rows = re.findall(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for _, name in rows} == {one.name for one in fields(Bounds)} - {"publish_timeout_s", "max_unconfirmed"}
    for seconds, name in rows:
        assert getattr(Bounds(), name) == float(seconds), name


def test_a_publish_has_the_time_of_its_setting_where_nobody_asked_for_another() -> None:
    assert Bounds().publish_timeout_s == read_settings({}, client_file=False).publish_timeout
