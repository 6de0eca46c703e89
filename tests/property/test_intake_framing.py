"""The scanner of chunked bodies agrees with gunicorn's parser, however the bytes arrive."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from signpost.services.intake.framing import ChunkScanner

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
EXTENSIONS = st.sampled_from([b"", b";a", b" ; a=b", b';a="\r"', b";a=;"])
TRAILERS = st.lists(st.sampled_from([b"A: b\r\n", b"Long: " + b"c" * 100 + b"\r\n"]), max_size=2).map(b"".join)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A chunked body, valid except for its extensions."""
    chunks = draw(st.lists(st.binary(min_size=1, max_size=30), max_size=5))
    lines = [b"%x%s\r\n%s\r\n" % (len(chunk), draw(EXTENSIONS), chunk) for chunk in chunks]
    return b"".join([*lines, b"0\r\n", draw(TRAILERS), b"\r\n"])


def scan(raw: bytes, size: int) -> tuple[ChunkScanner, int]:
    """The scanner after the piece with which it stops, and how many bytes had arrived."""
    scanner, buffer = ChunkScanner(), bytearray()
    for start in range(0, len(raw), size):
        buffer += raw[start : start + size]
        scanner.scan(buffer)
        if scanner.ended or scanner.malformed:
            break
    return scanner, len(buffer)


def parse(raw: bytes) -> Any:
    """The data of the body, or the class of the error."""
    try:
        return next(RequestParser(Config(), [HEAD + raw], ("127.0.0.1", 1))).body.read()
    except (NoMoreData, ParseException) as error:
        return type(error)


@pytest.mark.fuzz
@given(raw=bodies())
def test_a_body_ends_with_its_last_byte(raw: bytes) -> None:
    scanner, arrived = scan(raw, 1)
    assert scanner.ended
    assert arrived == len(raw)
    assert parse(raw[:-1]) in (NoMoreData, *ParseException.__subclasses__())


@pytest.mark.fuzz
@given(raw=bodies(), size=st.integers(1, 50), rest=st.binary(max_size=20))
def test_what_follows_a_body_changes_nothing(raw: bytes, size: int, rest: bytes) -> None:
    scanner, arrived = scan(raw + rest, size)
    assert scanner.ended
    assert parse(raw) == parse((raw + rest)[:arrived])


@pytest.mark.fuzz
@given(raw=bodies(), at=st.integers(0, 200), new=st.binary(max_size=3), size=st.integers(1, 50))
def test_gunicorn_never_waits_for_more_of_an_ended_body(raw: bytes, at: int, new: bytes, size: int) -> None:
    changed = raw[:at] + new + raw[at + 1 :]
    scanner, arrived = scan(changed, size)
    if scanner.ended:
        assert parse(changed[:arrived]) is not NoMoreData


@pytest.mark.parametrize(
    "raw", [b"x\r\n", b"-1\r\n", b"\r\n", b"1" * 9000, b"1" * 17 + b"\r\n", b"0\r\n" + b"a" * 70_000]
)
def test_no_chunked_body_is_waited_for_in_vain(raw: bytes) -> None:
    scanner, _ = scan(raw, 100)
    assert scanner.malformed
