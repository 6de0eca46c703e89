"""The accounts of the ledger's receiver: each kind of fault shows."""

from socket import SHUT_WR, create_connection

import httpx
import pytest

from tests.ledger.books import FeedEntry
from tests.ledger.receiver import TENANT, Receiver
from tests.support.hooks import hook_server

ENTRIES = [
    FeedEntry(TENANT, "rec_1", 1, b"one"),
    FeedEntry(TENANT, "rec_1", 2, b"two"),
    FeedEntry("south", "x", 1, b""),
]
RIGHT = [("rec_1.1", b"one"), ("rec_1.2", b"two")]


@pytest.mark.parametrize(
    ("posted", "kind"),
    [
        (RIGHT, ""),
        ([*RIGHT, RIGHT[0]], ""),
        (RIGHT[:1], "webhook lost"),
        ([*RIGHT, ("rec_9.1", b"nine")], "webhook of nothing recorded"),
        ([RIGHT[0], ("rec_1.2", b"2")], "webhook with another body"),
        ([*RIGHT, ("rec_1.2", b"2")], "webhook with another body"),
        (RIGHT[::-1], "webhook before one with a smaller sequence"),
    ],
)
def test_what_is_wrong_shows(posted: list[tuple[str, bytes]], kind: str) -> None:
    with hook_server() as server:
        for name, body in posted:
            httpx.post(f"http://127.0.0.1:{server.port}/", content=body, headers={"webhook-id": name})
        found = Receiver(server).faults(ENTRIES)
    assert [name for name, faults in found.items() if faults] == ([kind] if kind else [])


def test_another_body_shows_where_it_differs() -> None:
    receiver = Receiver(first={"rec_1.1": b"one", "rec_1.2": b"two"}, other={"rec_1.1": b"on"})
    [line] = receiver.faults(ENTRIES)["webhook with another body"]
    assert line == "rec_1.1: 3 and 2 bytes, from byte 2: b'one' and b'on'"


def test_a_request_whose_sender_ends_half_way_counts_as_none() -> None:
    with hook_server() as server, create_connection(("127.0.0.1", server.port)) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nwebhook-id: rec_1.1\r\nContent-Length: 3\r\n\r\non")
        sender.shutdown(SHUT_WR)
        assert sender.recv(1) == b""
        assert server.requests == []
