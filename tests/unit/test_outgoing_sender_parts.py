"""What a sender is made of: addresses and ports, trust, timeouts, and how it closes."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from socket import socket

import httpx
import pytest

from signpost.outgoing.addresses import parse_networks
from signpost.outgoing.registry import secret_of
from signpost.outgoing.sender import Reply, Sender, Webhook, _in_words, resolve_name, tls_context
from tests.support.certificates import Authority
from tests.support.hooks import hook_server, raw_server

NOW = 1_772_460_000_000_000
SECRET = secret_of(b"n" * 32)
LOOPBACK = parse_networks("127.0.0.0/8")


def webhook(url: str) -> Webhook:
    """A webhook to a URL."""
    return Webhook(url, (SECRET,), "r-1.3", b'{"name":"Anna"}')


def send(url: str, resolve: Callable[[str, int], Sequence[str]]) -> Reply:
    """Post one webhook with what a sender trusts by itself."""

    async def run() -> Reply:
        sender = Sender(LOOPBACK, 5, resolve)
        try:
            return await sender.send(webhook(url), NOW)
        finally:
            await sender.close()

    return asyncio.run(run())


def test_neither_secrets_nor_bodies_are_shown() -> None:
    assert repr(webhook("https://host.example/")) == "Webhook(url='https://host.example/', message_id='r-1.3')"


def test_an_address_is_found_once() -> None:
    assert resolve_name("127.0.0.1", 80) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "port"),
    [("https://host.example/", 443), ("http://host.example/", 80), ("https://host.example:8443/", 8443)],
)
def test_a_name_is_resolved_for_the_port_of_the_url(url: str, port: int) -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["10.0.0.1"]

    assert send(url, resolve).outcome == "blocked"
    assert asked == [("host.example", port)]


def test_without_tls_no_public_address_is_asked() -> None:
    assert send("http://host.example/", lambda *_: ["93.184.216.34"]).outcome == "blocked"


@pytest.mark.parametrize(("before", "outcome"), [(1, "delivered"), (2, "failed")])
def test_two_addresses_of_a_host_are_tried(before: int, outcome: str) -> None:
    with hook_server() as server:
        found = [f"127.0.0.{9 - number}" for number in range(before)]
        reply = send(f"http://host.example:{server.port}/", lambda *_: [*found, "127.0.0.1"])
        assert (reply.outcome, len(server.requests)) == (outcome, 2 - before)


@pytest.mark.parametrize(("size", "kept"), [(2_048, 2_048), (2_049, 2_048)])
def test_two_kilobytes_of_a_response_are_kept(size: int, kept: int) -> None:
    with hook_server() as server:
        server.answer = lambda _: (200, {}, b"x" * size)
        assert len(send(f"http://127.0.0.1:{server.port}/", lambda *_: ["127.0.0.1"]).response) == kept


def test_an_authority_of_the_system_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path, "authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("receiver"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with hook_server(context) as server:
        assert send(f"https://localhost:{server.port}/", lambda *_: ["127.0.0.1"]).outcome == "delivered"


def test_where_the_system_has_no_authorities_those_of_certifi_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    assert tls_context().get_ca_certs()


def test_the_client_waits_as_long_as_it_is_told_and_keeps_no_connection() -> None:
    client = Sender((), 7)._client
    pool = client._transport._pool  # type: ignore[attr-defined]
    assert client.timeout == httpx.Timeout(7)
    assert pool._max_keepalive_connections == 0
    # Two hundred at once is a setting that operators may choose
    assert pool._max_connections > 1_000


def test_closing_waits_for_no_name_and_looks_up_no_further_one() -> None:
    asked, answer = [], threading.Event()

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        answer.wait(60)
        return ["10.0.0.1"]

    async def run() -> Sender:
        sender = Sender((), 0.2, resolve)
        sender._names = ThreadPoolExecutor(1)
        urls = ("https://one.example/", "https://two.example/")
        replies = await asyncio.gather(*(sender.send(webhook(url), NOW) for url in urls))
        assert [one.detail for one in replies] == ["no complete response within 0.2 s"] * 2
        giving_up = threading.Timer(30, answer.set)
        giving_up.start()
        await sender.close()
        assert not answer.is_set()
        giving_up.cancel()
        answer.set()
        return sender

    sender = asyncio.run(run())
    sender._names.shutdown(wait=True)
    assert asked == ["one.example"]
    assert sender._client.is_closed


def test_a_closed_sender_looks_up_nothing() -> None:
    sender = Sender((), 1)
    asyncio.run(sender.close())
    with pytest.raises(RuntimeError, match="shutdown"):
        sender._names.submit(print)


@pytest.mark.parametrize(
    ("status", "outcome", "said"),
    [
        (200, "delivered", ""),
        (299, "delivered", ""),
        (300, "refused", "the receiver answered 300: it redirects, which is not followed"),
        (399, "refused", "the receiver answered 399: it redirects, which is not followed"),
        (400, "refused", "the receiver answered 400: it refuses the message"),
    ],
)
def test_the_status_says_what_became_of_it(status: int, outcome: str, said: str) -> None:
    with hook_server() as server:
        server.answer = lambda _: (status, {}, b"")
        reply = send(f"http://127.0.0.1:{server.port}/", lambda *_: ["127.0.0.1"])
    assert (reply.outcome, reply.detail) == (outcome, said)


def test_a_response_in_parts_is_put_together() -> None:
    def answer(connection: socket, _stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for part in (b"ab", b"cd", b"ef"):
            time.sleep(0.05)  # so that they arrive as parts
            connection.sendall(part)

    with raw_server(answer) as port:
        assert send(f"http://127.0.0.1:{port}/", lambda *_: ["127.0.0.1"]).response == b"abcdef"


def test_a_response_without_an_end_is_left_once_enough_of_it_is_read() -> None:
    ended = threading.Event()

    def answer(connection: socket, stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 4_096)
        with suppress(ConnectionError):
            while connection.recv(65_536) and not stop.is_set():
                pass
        ended.set()

    async def run() -> Reply:
        sender = Sender(LOOPBACK, 60, lambda *_: ["127.0.0.1"])
        reply = await sender.send(webhook(f"http://127.0.0.1:{port}/"), NOW)
        assert await asyncio.to_thread(ended.wait, 30), "its connection is closed at once"
        await sender.close()
        return reply

    with raw_server(answer) as port:
        began = time.monotonic()
        assert len(asyncio.run(run()).response) == 2_048
        assert time.monotonic() - began < 30


def test_an_error_is_told_shortly() -> None:
    assert _in_words(ValueError()) == "ValueError"
    assert _in_words(ValueError(" a \n b ")) == "ValueError: a b"
    assert len(_in_words(ValueError("x" * 500))) == 300
