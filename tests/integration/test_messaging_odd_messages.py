"""Messages that no careful client writes: they break no connection, and nothing happens to the messages around them."""

import struct
from collections.abc import Iterator

import pytest

from signpost.messaging import Message, Unsendable
from signpost.messaging.message import REASON
from signpost.names import ADVICE, DEAD, EVENTS, FEEDBACK
from tests.support.raw_amqp import MILLISECONDS, nested, properties, publish_raw, table
from tests.support.workers_kit import System, event, message, system

NUMBER = 60
ASKED = "ask-response-deadline@offer/o-1"
ODD = {
    "milliseconds": table((b"sent", MILLISECONDS)),
    "deep": table((b"deep", nested(3_000))),
    "a name that is not UTF-8": table((b"\xff\xfe", b"S" + struct.pack(">I", 1) + b"x")),
}


@pytest.fixture(scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("rabbitmq", request) as made:
        yield made


@pytest.mark.parametrize("odd", ODD)
def test_an_event_with_an_odd_header_counts_as_do_those_around_it(signpost: System, odd: str) -> None:
    names = [f"{odd.replace(' ', '-')}-{number}" for number in range(NUMBER)]
    events = [message(event("offer.extended", name, offer="o-1")) for name in names]
    signpost.send(*events[:20])
    publish_raw(signpost.broker_url, events[20], [properties(ODD[odd], b"odd")])
    signpost.send(*events[21:])
    signpost.work(NUMBER)
    assert [name for name in names if ASKED not in signpost.standing(name)] == []
    assert signpost.broker.get(DEAD, 10) == []


@pytest.mark.parametrize("odd", ODD)
def test_a_dead_letter_with_an_odd_header_can_be_read_swept_and_sent_again(signpost: System, odd: str) -> None:
    """Published to the dead letters directly, as the broker moves a message there: with its own properties."""
    name = f"dead-{odd.replace(' ', '-')}"
    again = message(event("offer.extended", name, offer="o-1"))
    publish_raw(
        signpost.broker_url, Message(DEAD, again.routing_key, again.body, ""), [properties(ODD[odd], b"odd")] * 2
    )
    assert signpost.broker.sweep(DEAD, lambda page: [False] * (len(page) - 1) + [True]) == 1
    (dead,) = signpost.broker.get(DEAD, 10)
    assert (dead.message_id, dead.body) == ("odd", again.body)
    signpost.send(Message(again.exchange, dead.routing_key, dead.body, dead.message_id, dead.headers))
    signpost.work(1)
    assert ASKED in signpost.standing(name)


@pytest.mark.parametrize("odd", ODD)
def test_feedback_with_an_odd_header_is_feedback(signpost: System, odd: str) -> None:
    body = b'{"no": "event"}'
    publish_raw(signpost.broker_url, Message(FEEDBACK, "any", body, ""), [properties(ODD[odd], b"odd")])
    signpost.work(1)
    (dead,) = signpost.broker.get(DEAD, 10)
    assert (dead.message_id, dead.body) == ("odd", body)


NAMES = (b"\xff" * 64, b"\xfe" * 255, "é".encode() * 127, b"", b"\x00\xff", b"x" * 255)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_poison_with_any_message_id_is_parked_and_those_around_it_count(signpost: System, name: bytes) -> None:
    around = [message(event("offer.extended", f"id-{len(name)}-{name[:1].hex()}-{one}", offer="o-1")) for one in (1, 2)]
    signpost.send(around[0])
    publish_raw(signpost.broker_url, Message(EVENTS, "0.acme.x", b"poison", ""), [properties(b"", name)])
    signpost.send(around[1])
    signpost.work(3)
    (dead,) = signpost.broker.get(DEAD, 10)
    assert dead.body == b"poison"
    assert str(dead.headers[REASON]).startswith("not an event")


def test_poison_with_any_routing_key_or_headers_is_parked(signpost: System) -> None:
    many = table(*((f"h-{number}".encode(), b"S" + struct.pack(">I", 2_000) + b"x" * 2_000) for number in range(60)))
    for headers, key in ((b"", b"0.\xff\xfe." + b"\xff" * 200), (many, b"0.acme.x")):
        publish_raw(signpost.broker_url, Message(EVENTS, "", b"poison", ""), [properties(headers)], key)
        signpost.work(1)
        (dead,) = signpost.broker.get(DEAD, 10)
        assert dead.body == b"poison"


def test_a_message_that_cannot_be_written_fails_alone(signpost: System) -> None:
    """The connection stays: the other messages are confirmed by it."""
    wrong = {"number": 2**70}
    messages = [
        Message(ADVICE, "acme.a.b.c.d", b"{}", f"m-{number}", wrong if number == 1 else {}) for number in range(3)
    ]
    outcomes = [signpost.broker.publisher().publish(each) for each in messages]
    errors = [each.exception(30) for each in outcomes]
    assert (errors[0], errors[2]) == (None, None)
    assert isinstance(errors[1], Unsendable)
