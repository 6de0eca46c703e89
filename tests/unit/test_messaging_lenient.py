"""Properties of a received message are decoded whatever a publisher wrote into them."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, spec

from signpost.messaging import Bounds
from signpost.messaging.rabbitmq.connection import connection_parameters
from signpost.messaging.rabbitmq.lenient import LenientProperties
from tests.support.raw_amqp import (
    CONTENT_TYPE,
    HEADERS,
    MESSAGE_ID,
    MILLISECONDS,
    TYPE,
    nested,
    properties,
    short,
    table,
)

GOOD = (b"before", b"S" + struct.pack(">I", 4) + b"kept")
AFTER = (b"after", b"I" + struct.pack(">i", 7))
CONTENT_ENCODING, TIMESTAMP, USER_ID = 1 << 14, 1 << 6, 1 << 4
NONE = vars(BasicProperties())
ARRAY_OF_BAD = b"A" + struct.pack(">I", len(MILLISECONDS)) + MILLISECONDS


def decode(raw: bytes) -> Any:
    return LenientProperties().decode(raw)


def test_pika_decodes_every_received_message_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(spec.props, BasicProperties.INDEX, BasicProperties)
    connection_parameters("amqp://localhost", Bounds(), "test")
    assert spec.props[BasicProperties.INDEX] is LenientProperties


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MILLISECONDS, {"bad": 1_780_000_000_000}),
        (b"T" + b"\xff" * 8, {"bad": 2**64 - 1}),
        (b"d" + struct.pack(">d", float("nan")), {}),
        (b"f" + struct.pack(">f", float("inf")), {}),
        (ARRAY_OF_BAD, {"bad": [1_780_000_000_000]}),
        (b"F" + table((b"in", MILLISECONDS)), {"bad": {"in": 1_780_000_000_000}}),
    ],
)
def test_what_is_around_an_undecodable_header_is_kept(value: bytes, expected: dict[str, Any]) -> None:
    raw = properties(table(GOOD, (b"bad", value), AFTER))
    with pytest.raises((ValueError, OverflowError)):
        BasicProperties().decode(raw)
    found = decode(raw)
    assert found.headers == {"before": "kept", **expected, "after": 7}
    assert (found.message_id, found.type, found.delivery_mode) == ("m-1", "t", 2)
    assert found.content_type == "application/cloudevents+json"


def test_nothing_after_an_unknown_kind_of_header_can_be_read_but_the_message_can() -> None:
    found = decode(properties(table(GOOD, (b"bad", b"?"), AFTER)))
    assert (found.headers, found.message_id) == ({"before": "kept"}, "m-1")


def test_a_deep_table_costs_only_itself() -> None:
    found = decode(properties(table(GOOD, (b"bad", nested(2_000)), AFTER)))
    assert {name: value for name, value in found.headers.items() if name != "bad"} == {"before": "kept", "after": 7}
    assert found.message_id == "m-1"


@pytest.mark.parametrize("too_many", [1, 1_000])
def test_a_table_that_claims_more_than_there_is_leaves_no_properties(too_many: int) -> None:
    fields = b"\x01nT"
    flags = struct.pack(">H", CONTENT_TYPE | HEADERS)
    raw = flags + short(b"text/plain") + struct.pack(">I", len(fields) + too_many) + fields
    assert vars(decode(raw)) == NONE


def test_properties_that_end_too_early_are_not_read_as_others() -> None:
    flags = struct.pack(">H", MESSAGE_ID | TIMESTAMP | TYPE)
    assert vars(decode(flags + short(b"m-1") + b"\0" * 8)) == NONE
    a_size, too_long = struct.pack(">I", 4) + b"abcd", b"\xc8" + b"\0" * 10
    assert vars(decode(struct.pack(">H", TIMESTAMP | TYPE | USER_ID) + a_size + too_long)) == NONE


def test_headers_need_nothing_before_or_behind_them() -> None:
    assert decode(struct.pack(">H", HEADERS) + table((b"bad", MILLISECONDS))).headers == {"bad": 1_780_000_000_000}


def test_what_is_beside_a_table_that_is_too_deep_is_kept() -> None:
    value = b"F" + table((b"deep", b"F" + table((b"bad", MILLISECONDS))), AFTER)
    for _ in range(15):
        value = b"F" + table((b"n", value))
    inner = decode(properties(table((b"n", value)))).headers
    while "n" in inner:
        inner = inner["n"]
    assert inner == {"after": 7}


@pytest.mark.parametrize("depth", [15, 16, 17, 30])
def test_sixteen_levels_are_read_and_the_next_left_out(depth: int) -> None:
    value = MILLISECONDS
    for level in range(depth):
        value = b"F" + table((b"n", value)) if level % 2 else b"A" + struct.pack(">I", len(value)) + value
    found, levels = decode(properties(table((b"bad", value), AFTER))), 0
    assert found.headers["after"] == 7
    inner = found.headers["bad"]
    while isinstance(inner, dict | list) and inner:
        inner, levels = inner["n"] if isinstance(inner, dict) else inner[0], levels + 1
    assert (levels, bool(inner)) == ((depth, True) if depth <= 16 else (15, False)), "the sixteenth is empty"


def test_properties_with_an_encoding_and_further_flags_are_read_too() -> None:
    flags = CONTENT_TYPE | CONTENT_ENCODING | HEADERS | MESSAGE_ID | 1
    words = struct.pack(">HHH", flags, 1, 0)
    headers = table(GOOD, (b"bad", MILLISECONDS))
    raw = b"before" + words + short(b"text/plain") + short(b"gzip") + headers + short(b"m-1")
    found = LenientProperties().decode(raw, len(b"before"))
    assert (found.content_type, found.content_encoding, found.message_id) == ("text/plain", "gzip", "m-1")
    assert found.headers == {"before": "kept", "bad": 1_780_000_000_000}


@pytest.mark.fuzz
@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    decode(raw)
    decode(properties(struct.pack(">I", len(raw)) + raw))


names = st.text("abcdef", min_size=1, max_size=8)
values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=20) | st.none() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.fuzz
@given(st.dictionaries(names, values, max_size=5), st.text("xyz", max_size=20))
def test_sound_properties_are_decoded_as_pika_decodes_them(headers: dict[str, Any], message_id: str) -> None:
    raw = b"".join(BasicProperties(headers=headers, message_id=message_id, priority=3).encode())
    assert vars(decode(raw)) == vars(BasicProperties().decode(raw))
