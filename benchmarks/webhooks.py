"""10,000 messages to 100 endpoints, of which 5 are dead: how long it takes, and what the dead cost the others.

`python -m benchmarks.webhooks` prints the time with all endpoints alive, and with five that hang, refuse connections or
answer 500. Receivers are on this machine, the database is a file of SQLite, or SIGNPOST_BENCH_DATABASE.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

from signpost.outgoing.addresses import parse_networks
from signpost.outgoing.registry import new_endpoint, secret_of
from signpost.outgoing.sender import Sender
from signpost.storage import Store, open_store, upgrade
from signpost.workers.delivering import Deliverer, limits_of
from signpost.workers.dispatching import dispatching
from signpost.workers.process import wall_clock
from tests.support.hooks import HookServer, hook_server, raw_server
from tests.support.receivers import change_of, record

ENDPOINTS, MESSAGES, DEAD = 100, 10_000, 5
TIMEOUT_S = 15.0
MAX_S = 900.0


def _hang(_connection: socket, stop: threading.Event) -> None:
    stop.wait(MAX_S)


def _close(_connection: socket, _stop: threading.Event) -> None:
    return


def dead_urls(stack: ExitStack) -> Iterator[str]:
    """Two that hang, one that closes, one that nothing listens at, one that answers 500."""
    for behave in (_hang, _hang, _close):
        yield f"http://127.0.0.1:{stack.enter_context(raw_server(behave))}/"
    with raw_server(_close) as closed:
        pass
    yield f"http://127.0.0.1:{closed}/"
    faulty = stack.enter_context(hook_server())
    faulty.answer = lambda _: (500, {}, b"")
    yield f"http://127.0.0.1:{faulty.port}/"


@contextmanager
def database() -> Iterator[str]:
    """The URL of a database with tables and without rows."""
    with TemporaryDirectory() as folder:
        url = os.environ.get("SIGNPOST_BENCH_DATABASE") or f"sqlite:///{Path(folder) / 'signpost.db'}"
        upgrade(url)
        yield url


def fill(store: Store, server: HookServer, dead: list[str]) -> None:
    """100 endpoints, each with 100 messages about 100 candidates."""
    share = MESSAGES // ENDPOINTS
    for number in range(ENDPOINTS):
        url = dead[number] if number < len(dead) else f"http://127.0.0.1:{server.port}/{number}"
        tenant = f"t{number}"
        store.endpoints.add(
            new_endpoint(
                tenant, f"ep_{number}", url, [f"{tenant}.#"], secret=secret_of(b"k" * 32), every_change=False,
                networks=parse_networks("127.0.0.1"), now=wall_clock(),
            ),
            1,
        )  # fmt: skip
        changes = [change_of(f"r-{number}-{one}", 1, "raised", f"c-{one}", tenant) for one in range(share)]
        record(store, *changes, now=wall_clock())


def run(dead_ones: int) -> tuple[float, float, int]:
    """Seconds until the living have everything, the longest pause between two of their messages, and messages."""
    with ExitStack() as stack:
        server = stack.enter_context(hook_server())
        dead = list(dead_urls(stack))[:dead_ones]
        store = stack.enter_context(open_store(stack.enter_context(database())))
        fill(store, server, dead)
        sender = lambda: Sender(parse_networks("127.0.0.1"), TIMEOUT_S)  # noqa: E731
        dispatcher = stack.enter_context(dispatching(sender, wall_clock))
        deliverer = Deliverer(store, dispatcher, wall_clock, limits_of(64, TIMEOUT_S, 3, 7, 90), random.random)
        wanted = MESSAGES - MESSAGES // ENDPOINTS * len(dead)
        began = last = time.monotonic()
        pause, before = 0.0, 0
        while len(server.requests) < wanted and time.monotonic() - began < MAX_S:
            deliverer.step()
            if len(server.requests) > before:
                pause, last, before = max(pause, time.monotonic() - last), time.monotonic(), len(server.requests)
        return time.monotonic() - began, pause, len(server.requests)


def main() -> int:
    """Print both runs."""
    for dead_ones in (0, DEAD):
        seconds, pause, messages = run(dead_ones)
        print(
            f"{messages} messages to {ENDPOINTS - dead_ones} endpoints, {dead_ones} dead: {seconds:.1f} s, "
            f"{messages / seconds:.0f} a second, longest pause {pause:.2f} s",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
