"""One webhook on real sockets: its signature, and receivers that fail, hang, lie, redirect, or are inside."""

import asyncio
import re
import runpy
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from socket import EAI_NONAME, gaierror, socket

import pytest

from signpost.case.instant import HOUR, MINUTE, SECOND
from signpost.ingress.signature_schemes import standard_key
from signpost.ingress.signatures import InvalidSignature, verify_standard
from signpost.outgoing.addresses import parse_networks
from signpost.outgoing.registry import secret_of
from signpost.outgoing.schedule import DELAYS_US
from signpost.outgoing.sender import MAX_RESPONSE_BYTES, Reply, Sender, Webhook
from tests.support.certificates import Authority
from tests.support.hooks import HookServer, hook_server, raw_server

NOW = 1_772_460_000_000_000
OURS = parse_networks("127.0.0.1/32")
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/consumers/python/webhook.py"
SECRET, OLD = secret_of(b"n" * 32), secret_of(b"o" * 32)


@pytest.fixture
def server() -> Iterator[HookServer]:
    """A receiver that behaves."""
    with hook_server() as made:
        yield made


def send(
    url: str,
    *,
    networks: str = "127.0.0.1/32",
    timeout_s: float = 5,
    secrets: Sequence[str] = (SECRET,),
    resolve: Callable[[str, int], Sequence[str]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """Post one webhook."""

    async def run() -> Reply:
        names = {} if resolve is None else {"resolve": resolve}
        sender = Sender(parse_networks(networks), timeout_s, tls=tls, **names)
        try:
            return await sender.send(Webhook(url, secrets, "r-1.3", b'{"id":"r-1.3"}'), NOW)
        finally:
            await sender.close()

    return asyncio.run(run())


def test_the_receiver_verifies_it_with_standard_webhooks(server: HookServer) -> None:
    reply = send(f"http://127.0.0.1:{server.port}/hook?a=1")
    [(headers, body)] = server.requests
    assert (reply.outcome, reply.status, reply.reached) == ("delivered", 204, True)
    assert verify_standard([standard_key(SECRET)], headers, body, now=NOW) == "r-1.3"
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["host"] == f"127.0.0.1:{server.port}"
    with pytest.raises(InvalidSignature):
        verify_standard([standard_key(SECRET)], headers, body + b" ", now=NOW)


def test_during_a_rotation_either_secret_verifies(server: HookServer) -> None:
    send(f"http://127.0.0.1:{server.port}/", secrets=(SECRET, OLD))
    [(headers, body)] = server.requests
    for secret in (SECRET, OLD):
        verify_standard([standard_key(secret)], headers, body, now=NOW)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(server: HookServer, status: int) -> None:
    with hook_server() as other:
        server.answer = lambda _: (status, {"Location": f"http://127.0.0.1:{other.port}/"}, b"")
        reply = send(f"http://127.0.0.1:{server.port}/")
        assert (reply.outcome, reply.status, reply.reached) == ("refused", status, False)
        assert other.requests == []


@pytest.mark.parametrize(
    ("status", "reached"), [(400, False), (404, False), (429, False), (500, True), (502, False), (503, False)]
)
def test_a_refusal_says_whether_the_message_may_have_been_taken(server: HookServer, status: int, reached: bool) -> None:
    server.answer = lambda _: (status, {}, b"no")
    reply = send(f"http://127.0.0.1:{server.port}/")
    assert (reply.outcome, reply.status, reply.response, reply.reached) == ("refused", status, b"no", reached)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", 120 * SECOND),
        ("Mon, 02 Mar 2026 15:00:00 GMT", HOUR),
        ("Sun, 01 Mar 2026 15:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("9" * 40, None),
    ],
)
def test_retry_after_is_read(server: HookServer, text: str, expected: int | None) -> None:
    server.answer = lambda _: (503, {"Retry-After": text}, b"")
    assert send(f"http://127.0.0.1:{server.port}/").retry_after == expected


def hang(_connection: socket, stop: threading.Event) -> None:
    stop.wait(30)


def drip(connection: socket, stop: threading.Event) -> None:
    for _ in range(1_000):
        connection.sendall(b"X")
        if stop.wait(0.05):
            return


def drip_body(connection: socket, stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    drip(connection, stop)


def half_head(connection: socket, _stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")


def close(_connection: socket, _stop: threading.Event) -> None:
    return


def nonsense(connection: socket, _stop: threading.Event) -> None:
    connection.sendall(b"\x00\xff220 mail.example ESMTP\r\n" * 100)


@pytest.mark.parametrize("behave", [hang, drip, half_head, close, nonsense])
def test_without_a_complete_head_it_failed_and_may_have_arrived(
    behave: Callable[[socket, threading.Event], None],
) -> None:
    with raw_server(behave) as port:
        began = time.monotonic()
        reply = send(f"http://127.0.0.1:{port}/", timeout_s=1)
    assert (reply.outcome, reply.status, reply.reached) == ("failed", None, True)
    assert reply.detail
    assert time.monotonic() - began < 20


def wrong_length(connection: socket, _stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort")


def endless(connection: socket, _stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


@pytest.mark.parametrize("behave", [wrong_length, endless, drip_body])
def test_a_status_counts_whatever_becomes_of_the_body(behave: Callable[[socket, threading.Event], None]) -> None:
    with raw_server(behave) as port:
        reply = send(f"http://127.0.0.1:{port}/", timeout_s=1)
    assert (reply.outcome, reply.status) == ("delivered", 200)
    assert len(reply.response) <= MAX_RESPONSE_BYTES


def resolve_nothing(*_: object) -> list[str]:
    """As `getaddrinfo` does, and at once: where no name server answers, that takes longer than a webhook may."""
    raise gaierror(EAI_NONAME, "Name or service not known")


def test_a_closed_port_and_an_unknown_name_were_not_reached() -> None:
    with raw_server(close) as port:
        pass
    closed, unknown = send(f"http://127.0.0.1:{port}/"), send("https://nowhere.invalid/", resolve=resolve_nothing)
    assert (closed.outcome, closed.reached) == ("failed", False)
    assert (unknown.outcome, unknown.reached) == ("failed", False)
    assert "resolved" in unknown.detail


@pytest.mark.parametrize("found", [["127.0.0.1"], ["::1"], ["10.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"]])
def test_a_name_that_leads_inside_is_blocked(server: HookServer, found: list[str]) -> None:
    reply = send(f"https://rebound.example:{server.port}/", networks="", resolve=lambda *_: found)
    assert (reply.outcome, reply.reached) == ("blocked", False)
    assert server.requests == []


def test_a_second_answer_of_the_dns_changes_nothing(server: HookServer) -> None:
    """The connection goes to the address that was checked, so the name is resolved once."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    reply = send(f"http://rebound.example:{server.port}/", resolve=lambda *_: next(answers))
    assert reply.outcome == "delivered"
    assert server.requests[0][0]["host"] == f"rebound.example:{server.port}"
    assert next(answers) == ["10.0.0.1"]


def test_the_environment_names_no_proxy(server: HookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with hook_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(f"http://127.0.0.1:{server.port}/").outcome == "delivered"
        assert proxy.requests == []


def test_tls_is_verified_by_the_name_of_the_url(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("receiver"))
    with hook_server(context) as server:
        trusted = ssl.create_default_context(cafile=authority.file)
        url = f"https://localhost:{server.port}/"
        assert send(url, resolve=lambda *_: ["127.0.0.1"], tls=trusted).outcome == "delivered"
        other = send(f"https://other.example:{server.port}/", resolve=lambda *_: ["127.0.0.1"], tls=trusted)
        unknown = send(url, resolve=lambda *_: ["127.0.0.1"])
    assert (other.outcome, other.reached) == ("failed", False)
    assert (unknown.outcome, unknown.reached) == ("failed", False)
    assert "certificate" in other.detail.lower()


def test_the_example_of_the_guide_verifies_it(server: HookServer) -> None:
    verify = runpy.run_path(str(EXAMPLE))["verify"]
    guide = (ROOT / "docs/consuming.md").read_text(encoding="utf-8")
    assert EXAMPLE.read_text(encoding="utf-8") in guide
    send(f"http://127.0.0.1:{server.port}/", secrets=(SECRET, OLD))
    [(headers, body)] = server.requests
    for known in ([SECRET], [OLD], [secret_of(b"x" * 32), OLD]):
        assert verify(known, headers, body, now=NOW / SECOND) == "r-1.3"
    for secrets, raw, now in (
        ([secret_of(b"x" * 32)], body, NOW), ([SECRET], body + b" ", NOW), ([SECRET], body, NOW + HOUR),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"fits|old"):
            verify(secrets, headers, raw, now=now / SECOND)


def test_the_table_of_the_guide_is_the_schedule() -> None:
    guide = (ROOT / "docs/consuming.md").read_text(encoding="utf-8")
    units = {"s": SECOND, "min": MINUTE, "h": HOUR}
    found = [int(number) * units[unit] for number, unit in re.findall(r"^\| \d.* \| (\d+) (s|min|h) \|$", guide, re.M)]
    assert tuple(found) == DELAYS_US
