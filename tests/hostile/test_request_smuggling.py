"""Requests whose length two servers could read differently: one refusal, no hidden request."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.messaging import connect
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import EVENT, intake_folder, running

HIDDEN = json.dumps({**EVENT, "id": "hidden"}).encode()
INNER = (
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + NORTH_KEY.encode() + b"\r\n"
    b"Content-Type: application/cloudevents+json\r\nContent-Length: " + str(len(HIDDEN)).encode() + b"\r\n\r\n" + HIDDEN
)
START = b"POST /v1/webhooks/careers HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"0\r\n\r\n" + INNER
SHAPES: dict[str, bytes] = {
    "length and chunks": START + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "chunks and length": START + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n" + CHUNKED,
    "two lengths": START + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "a list of lengths": START + b"Content-Length: 0, %d\r\n\r\n" % len(INNER) + INNER,
    "a signed length": START + b"Content-Length: +0\r\n\r\n" + INNER,
    "a negative length": START + b"Content-Length: -1\r\n\r\n" + INNER,
    "a hexadecimal length": START + b"Content-Length: 0x0\r\n\r\n" + INNER,
    "a length with an underscore": START + b"Content-Length: 0_0\r\n\r\n" + INNER,
    "an unknown coding": START + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED,
    "a body that stays encoded": START + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED,
    "no host": START.replace(b"Host: x\r\n", b"") + b"Content-Length: 0\r\n\r\n" + INNER,
    "chunks twice": START + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKED,
    "chunks, then identity": START + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED,
    "a space before the colon": START + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED,
    "a tab before the coding": START + b"Transfer-Encoding:\x0bchunked\r\n\r\n" + CHUNKED,
    "a folded header": START + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "an underscore for a hyphen": START + b"Content_Length: 6\r\nContent-Length: 0, 0\r\n\r\n" + INNER,
    "a chunk of odd size": START + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + INNER,
    "a negative chunk": START + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + INNER,
    "a NUL in a header": START + b"X: a\0b\r\nContent-Length: 0, 0\r\n\r\n" + INNER,
    "a bare CR in a header": START + b"X: a\rContent-Length: 5\r\nContent-Length: 0, 0\r\n\r\n" + INNER,
    "a version of its own": START.replace(b"HTTP/1.1", b"HTTP/9.9") + b"Content-Length: 0\r\n\r\n" + INNER,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return intake_folder(tmp_path_factory.mktemp("smuggling"))


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with running(folder, SIGNPOST_HTTP_PROCESSES="1") as (address, _):
        yield int(address.rpartition(":")[2])


def exchange(port: int, request: bytes) -> bytes:
    """Send the bytes, then read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def queued(folder: Path) -> list[str]:
    return [
        json.loads(each.body)["id"] for each in connect(f"sqlite:///{folder}/signpost.db").get("signpost.advisor", 99)
    ]


def test_the_hidden_request_would_be_served_if_it_were_read(port: int, folder: Path) -> None:
    assert exchange(port, INNER).startswith(b"HTTP/1.1 202")
    assert queued(folder) == ["hidden"]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_hidden_request_is_served(port: int, folder: Path, shape: str) -> None:
    answer = exchange(port, SHAPES[shape])
    # RFC 9112, 6.1: an unknown transfer coding is answered 501
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")), answer[:200]
    assert answer.count(b"HTTP/1.") == 1, answer
    assert queued(folder) == []


@pytest.mark.parametrize("name", ["subject", "id", "type"])
def test_an_attribute_in_two_headers_is_refused(port: int, folder: Path, name: str) -> None:
    """WSGI joins them with a comma, which would name another candidate."""
    attributes = {"specversion": "1.0", "id": "e-9", "source": "s", "type": EVENT["type"], "time": EVENT["time"]}
    lines = [f"ce-{key}: {value}" for key, value in {**attributes, "subject": "c-1"}.items()]
    head = [
        "POST /v1/events HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {NORTH_KEY}",
        "Content-Type: application/json",
    ]
    body = b'{"offer": "o"}'
    once = "\r\n".join([*head, *lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
    twice = once.replace(b"\r\n\r\n", f"\r\nCe-{name.title()}: d\r\n\r\n".encode(), 1)
    answer = exchange(port, twice)
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert f"The header ce-{name} came 2 times".encode() in answer
    assert queued(folder) == []
    assert exchange(port, once).startswith(b"HTTP/1.1 202")
    assert queued(folder) == ["e-9"]
