"""The bytes of a signed member: found wherever the body can be read, and always those that the body is read as."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.ingress.raw_json import member_bytes
from signpost.ingress.strict_json import MAX_DEPTH, MalformedJson, loads_of_others
from signpost.schemas.unreadable import Unreadable

PAYLOAD = b'{ "event_name":"x" ,"n":"\\u00e5\\/", "o": [1, {"payload": 2}]}'
ODD = [
    b'"\xff"',
    b'"\xe2\x82"',
    b'"a\tb\nc"',
    b"1" * 5000,
    b"1e5000",
    b"NaN",
    b"[" * 2000 + b"]" * 2000,
    b'{"payload": 1, "x": [{"payload": "}"}]}',
    b'"\\"}, \\\\"',
    b'""',
]


@pytest.mark.parametrize("other", ODD)
def test_what_stands_beside_a_member_does_not_hide_it(other: bytes) -> None:
    for body in (
        b'{"z": %s, "payload" : %s }' % (other, PAYLOAD),
        b'{"payload":%s\n,"z": %s}' % (PAYLOAD, other),
        b'\xef\xbb\xbf {"z":%s,"\\u0070ayload":%s}' % (other, PAYLOAD),
    ):
        assert member_bytes(body, "payload") == PAYLOAD
        assert loads_of_others(body)["payload"] == loads_of_others(PAYLOAD)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'"payload"',
        b'[{"payload": 1}]',
        b'{"z": {"payload": 1}}',
        b'{"z": "payload", "y": 1}',
        b'{"payload"}',
        b'{"payload": {"a": 1}',
        b'{"payload": "unended}',
        b'{"\\u00": 1, "payload": 2}',
        b'\xef\xbb\xbf\xef\xbb\xbf{"payload": 1}',
        b'{"a": 1} {"payload": 1}',
        b'{"a": 1}, "payload": 1}',
    ],
)
def test_a_body_without_the_member_has_no_bytes_of_it(body: bytes) -> None:
    assert member_bytes(body, "payload") == b""


def test_the_first_of_two_members_counts_and_neither_is_read() -> None:
    for name in (b"payload", b"\\u0070ayload"):
        body = b'{"%s": {"a": 1}, "payload": {"a": 2}}' % name
        assert member_bytes(body, "payload") == b'{"a": 1}'
        assert isinstance(loads_of_others(body)["payload"], Unreadable)


_KEYS = st.sampled_from([b'"payload"', b'"\\u0070ayload"', b'"payload\\u0000"', b'"z"', b'"\xff"', b'"\\"payload"'])
_MARKS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b" ", b"\xe2", b"\xc2\xa0", b"\x85", b"\xef\xbb\xbf"]
)
_VALUES = st.sampled_from([*ODD, b"1", b"true", b'"a"', b'{"a": [{}]}', b'["\\\\"]'])
_MEMBERS = st.lists(
    st.tuples(_KEYS, st.just(b":") | _MARKS, _VALUES | st.lists(_MARKS, max_size=3).map(b"".join)), max_size=4
)


@pytest.mark.fuzz
@given(_MEMBERS.map(lambda found: b",".join(map(b"".join, found))))
def test_the_bytes_of_a_member_are_those_that_the_body_is_read_as(inside: bytes) -> None:
    body = b"{" + inside + b"}"
    found = member_bytes(body, "payload")
    with suppress(MalformedJson):
        read = loads_of_others(body, max_depth=MAX_DEPTH + 1)
        assert ("payload" in read) == (found != b"")
        if found and not isinstance(read["payload"], Unreadable):
            assert read["payload"] == loads_of_others(found)


@pytest.mark.parametrize(
    "text", [b'"' + b'\\"' * 400_000, b'"' + b'\\"' * 400_000 + b"\\", b'"\\' * 300_000, b"[" * 900_000]
)
def test_a_body_that_ends_inside_a_text_is_read_in_linear_time(text: bytes) -> None:
    started = time.perf_counter()
    assert member_bytes(b'{"z":' + text, "payload") == b""
    assert time.perf_counter() - started < 10


def test_members_are_found_in_what_any_writer_writes() -> None:
    for escaped in (True, False):
        value = {"å": ["\u2028", {"payload": 1}], "payload": {"é": "\\", "n": [1.5, None]}, "z": "}"}
        body = json.dumps(value, ensure_ascii=escaped).encode()
        assert json.loads(member_bytes(body, "payload")) == value["payload"]
