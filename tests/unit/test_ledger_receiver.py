"""The accounts of the ledger's receiver: each kind of fault shows."""

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
