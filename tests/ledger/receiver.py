"""A receiver of webhooks: an endpoint of one tenant that asks for every change, and records what is posted to it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from click.testing import CliRunner

from signpost.cli import main
from tests.ledger.books import FeedEntry
from tests.support.hooks import HookServer, hook_server

TENANT: Final = "north"
OURS: Final = "127.0.0.0/8"


@dataclass(slots=True)
class Receiver:
    """What an endpoint has received; `server` is None where a deployment has no endpoint."""

    server: HookServer | None = None
    first: dict[str, bytes] = field(default_factory=dict)
    """Id of a message -> its body, in order of the first arrivals."""
    other: dict[str, bytes] = field(default_factory=dict)
    """Id of a message -> a body that is not its first."""
    _read: int = 0

    def read(self) -> None:
        """Take over what has arrived since."""
        if self.server is None:
            return
        with self.server.arrived:
            fresh, self._read = self.server.requests[self._read :], len(self.server.requests)
        for headers, body in fresh:
            name = headers["webhook-id"]
            if self.first.setdefault(name, body) != body:
                self.other[name] = body

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Which of these messages have not arrived."""
        self.read()
        return [] if self.server is None else [name for name in ids if name not in self.first]

    def faults(self, entries: Iterable[FeedEntry]) -> dict[str, list[str]]:
        """What must not be, by kind. `entries`: all recorded changes."""
        bodies = {entry.id: entry.body for entry in entries if entry.tenant == TENANT}
        lost, mine = self.missing(bodies), {name: body for name, body in self.first.items() if name in bodies}
        return {
            "webhook lost": lost,
            "webhook of nothing recorded": [name for name in self.first if name not in bodies],
            "webhook with another body": [
                *(f"{name}: {_difference(self.first[name], body)}" for name, body in self.other.items()),
                *(f"{name}: {_difference(bodies[name], body)}" for name, body in mine.items() if body != bodies[name]),
            ],
            "webhook before one with a smaller sequence": list(_inversions(self.first)),
        }


def _difference(one: bytes, other: bytes) -> str:
    """Where two bodies begin to differ."""
    pairs = enumerate(zip(one, other, strict=False))
    place = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    around = slice(max(0, place - 60), place + 60)
    return f"{len(one)} and {len(other)} bytes, from byte {place}: {one[around]!r} and {other[around]!r}"


def _inversions(ids: Iterable[str]) -> Iterator[str]:
    highest: dict[str, int] = {}
    for name in ids:
        recommendation, _, number = name.rpartition(".")
        if int(number) < highest.get(recommendation, 0):
            yield name
        highest[recommendation] = max(int(number), highest.get(recommendation, 0))


@contextmanager
def receiving(receiver: Receiver, variables: Mapping[str, str]) -> Iterator[None]:
    """Register an endpoint for the block, as an operator does."""
    with hook_server() as server:
        added = ["endpoints", "add", f"http://127.0.0.1:{server.port}/", "--bind", f"{TENANT}.#", "--every-change"]
        result = CliRunner(env=dict(variables)).invoke(main, added)
        assert result.exit_code == 0, result.output
        receiver.server = server
        yield
