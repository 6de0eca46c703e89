"""What a sender is made of: addresses and ports, trust, timeouts, and how it closes."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from signpost.outgoing.addresses import parse_networks
from signpost.outgoing.registry import secret_of
from signpost.outgoing.sender import Reply, Sender, Webhook, resolve_name, tls_context
from tests.support.certificates import Authority
from tests.support.hooks import hook_server

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
