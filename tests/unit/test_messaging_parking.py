"""A dead letter can be made of every delivery: what cannot be copied is left out, and the body never is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties
from pika.frame import Header, Method
from pika.spec import Basic

from signpost.messaging import Delivery, Message
from signpost.messaging.message import FAILED_AT, MAX_NAME_BYTES, MAX_REASON_CHARS, QUEUE, REASON
from signpost.messaging.parking import MAX_HEADER_BYTES, MAX_INTEGER, as_text, to_bare_dead_letter, to_dead_letter
from signpost.messaging.rabbitmq.frames import delivery_of, properties_of

ANY_TEXT = st.text(st.characters(), max_size=400)
NOW = 1_780_000_000_000_000
FRAME_BYTES = 131_072


def delivery(headers: dict[str, Any], name: str = "m-1", key: str = "0.acme", kind: str = "t") -> Delivery:
    return Delivery(b"the body", headers, key, name, kind, False, 0, (0, 1))


@pytest.mark.fuzz
@given(
    st.dictionaries(ANY_TEXT, ANY_TEXT | st.integers() | st.binary() | st.none(), max_size=10),
    st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT),
    ANY_TEXT,
)
def test_any_delivery_becomes_a_letter_that_pika_can_write(
    headers: dict[str, Any], names: tuple[str, str, str], reason: str
) -> None:
    for letter in (
        to_dead_letter(delivery(headers, *names), reason, "signpost.advisor", NOW),
        to_bare_dead_letter(delivery(headers, *names), reason, "signpost.advisor", NOW),
    ):
        Method(1, Basic.Publish(exchange=letter.exchange, routing_key=letter.routing_key)).marshal()
        assert len(Header(1, len(letter.body), properties_of(letter)).marshal()) < FRAME_BYTES
        assert letter.body == b"the body"
        assert len(str(letter.headers[REASON])) <= MAX_REASON_CHARS
        assert (letter.headers[QUEUE], letter.headers[FAILED_AT]) == ("signpost.advisor", "2026-05-28T20:26:40Z")


def test_of_too_many_headers_the_short_ones_are_kept() -> None:
    headers = {"long": "x" * MAX_HEADER_BYTES, "one": "1", "two": 2}
    letter = to_dead_letter(delivery(headers), "bad", "q", NOW)
    assert list(letter.headers) == ["one", "two", REASON, QUEUE, FAILED_AT]


def test_headers_up_to_the_limit_are_all_kept() -> None:
    headers = {"a": "x" * (MAX_HEADER_BYTES - 7 - 15), "b": 2}
    assert list(to_dead_letter(delivery(headers), "bad", "q", NOW).headers)[:2] == ["a", "b"]


def test_a_header_that_amqp_cannot_carry_is_left_out() -> None:
    bounds = {"most": MAX_INTEGER, "least": -MAX_INTEGER, "n" * MAX_NAME_BYTES: 1}
    assert MAX_INTEGER == 9_223_372_036_854_775_807
    beyond = {
        "\ud800": 1,
        "text": "\ud800",
        "none": None,
        "more": MAX_INTEGER + 1,
        "less": -MAX_INTEGER - 1,
        "n" * (MAX_NAME_BYTES + 1): 1,
    }
    letter = to_dead_letter(delivery({**bounds, **beyond}), "bad", "q", NOW)
    assert list(letter.headers) == [*bounds, REASON, QUEUE, FAILED_AT]


def test_headers_of_just_more_than_the_limit_are_not_all_kept() -> None:
    headers = {"a": "x" * (MAX_HEADER_BYTES - 7 - 15 + 1), "b": 2}
    assert next(iter(to_dead_letter(delivery(headers), "bad", "q", NOW).headers)) == "b"


def test_a_name_is_cut_to_what_amqp_allows_between_two_characters() -> None:
    letter = to_dead_letter(delivery({}, "é" * 200), "bad", "q", NOW)
    assert letter.message_id == "é" * 127
    assert to_dead_letter(delivery({}, "x" * 255), "bad", "q", NOW).message_id == "x" * 255


@pytest.mark.fuzz
@given(*[st.none() | st.text(max_size=60) | st.binary(max_size=60)] * 3, st.integers(0, 2**63))
def test_what_pika_gives_becomes_a_delivery_of_texts(key: Any, name: Any, user: Any, tag: int) -> None:
    """pika gives the bytes of a short string that is not UTF-8."""
    method = Basic.Deliver("c", tag, False, key, key)
    found = delivery_of(method, BasicProperties(message_id=name, user_id=user, content_type=name), b"", 1)
    for text in (found.routing_key, found.exchange, found.message_id, found.user_id, found.content_type):
        assert isinstance(text, str)
        text.encode()
    assert (found.message_id == "") == (not name)


def test_bytes_that_are_no_text_stay_recognizable() -> None:
    assert as_text(b"\xffab") == "\\xffab"


def test_a_message_names_its_type_and_its_second() -> None:
    headers: dict[str, str | int] = {"cloudEvents_type": "signpost.offer.extended.v1"}
    message = Message("e", "k", b"{}", "m-1", {**headers, "cloudEvents_time": "2026-03-02T14:00:00.5+01:00"})
    found = properties_of(message)
    assert (found.type, found.timestamp) == ("signpost.offer.extended.v1", 1_772_456_400)


@pytest.mark.parametrize("time", ["", "soon", "1969-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 5])
@pytest.mark.parametrize("kind", ["x" * 256, "é", 5])
def test_a_letter_with_any_time_and_type_can_be_written(time: str | int, kind: str | int) -> None:
    found = properties_of(Message("e", "k", b"{}", "m-1", {"cloudEvents_type": kind, "cloudEvents_time": time}))
    assert (found.type, found.timestamp) == (None, None)
    Header(1, 2, found).marshal()


def test_a_long_reason_is_cut() -> None:
    reason = to_dead_letter(delivery({}), "x" * 501, "q", NOW).headers[REASON]
    assert reason == "x" * 500


def test_the_names_of_a_letter_show_what_utf_8_does_not_have() -> None:
    letter = to_dead_letter(delivery({}, "m-\ud800é", "0.\udfff"), "no \ud800", "signpost.advisor", NOW)
    assert (letter.message_id, letter.routing_key) == ("m-\\ud800é", "0.\\udfff")
    assert letter.headers[REASON] == "no \\ud800"
