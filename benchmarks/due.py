"""Cases that are due at one instant: how long one clock process takes, and how live events fare meanwhile.

The cases are stored with the time held before the instant at which three days are left to answer an offer. Then a
clock process starts, finds all of them due, and publishes the reminder, while an advisor process handles new events.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.http_load import quantile
from benchmarks.latency import Receiver
from benchmarks.rows import AT_LEAST, AT_MOST, Goal, Row, progress
from benchmarks.stage import HOUR_US, Stage, handle, make_event
from signpost.case.event import Event
from signpost.case.instant import DAY, format_instant
from signpost.messaging import event_message
from signpost.schemas import dump_event
from signpost.workers.process import wall_clock
from tests.support.private_servers import wait_until
from tests.support.workers_processes import WorkerProcess, kill_afterwards

REMINDER = 3 * DAY
"""How long before the deadline the rule `respond-before-deadline` raises its advice."""
PER_S = 833
"""100,000 in two minutes."""
LIVE_PER_S, QUIET_S = 10.0, 15.0
OFFER = {"offer": "o", "employer": {"id": "e", "name": "Acme"}, "title": "Engineer"}
CHUNK = 10_000


def measure(stage: Stage, count: int) -> list[Row]:
    """`count` cases due at once beside LIVE_PER_S live events a second, and the same events with no case due."""
    _store(stage, count)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _start(stack, "advisor", folder, stage)
        receiver = Receiver(stage.broker, "live.#")
        stack.callback(receiver.close)
        begun = time.monotonic()
        quiet = _live(stage, receiver, "quiet", lambda: time.monotonic() > begun + QUIET_S)
        _start(stack, "clock", folder, stage)
        begun = time.monotonic()
        busy = _live(stage, receiver, "busy", lambda: not _due(stage))
        elapsed_s = time.monotonic() - begun
    published = stage.purge_published()
    assert published >= count, f"{count} due cases published only {published} messages"
    progress(f"{count:,} due cases in {elapsed_s:.1f} s, {published:,} messages")
    return [
        Row(
            f"cases due at one instant ({count:,}), one clock process",
            count / elapsed_s,
            "cases/s",
            goal=Goal(AT_LEAST, PER_S, of_value=True),
        ),
        Row(
            "live events meanwhile, p99",
            quantile(busy, 0.99) * 1000,
            "ms",
            "no case due",
            quantile(quiet, 0.99) * 1000,
            Goal(AT_MOST, 1_000, of_value=True),
        ),
        Row("live events meanwhile, p50", quantile(busy, 0.5) * 1000, "ms", "no case due", quantile(quiet, 0.5) * 1000),
    ]


def _start(stack: ExitStack, name: str, folder: Path, stage: Stage) -> None:
    worker = WorkerProcess(name, folder, stage.database_url, stage.url)
    stack.enter_context(kill_afterwards(worker))
    wait_until(lambda: f"{name} runs" in worker.log.read_text(), f"the {name} runs")


def _store(stage: Stage, count: int) -> None:
    """Offers for which three days were left an hour ago, evaluated as if it were an hour before that."""
    data = OFFER | {"respond_by": format_instant(wall_clock() - HOUR_US + REMINDER)}
    held = wall_clock() - 2 * HOUR_US
    for start in range(0, count, CHUNK):
        numbers = range(start, min(count, start + CHUNK))
        sent = [make_event(f"due-{number}", 1, "offer.extended", data, "due") for number in numbers]
        handle(stage.handler("compiled"), stage.store, sent, clock=lambda: held)
        progress(f"{numbers[-1] + 1:,} of {count:,} cases stored")


def _due(stage: Stage) -> int:
    return stage.store.due_backlog(wall_clock()).cases


def _live(stage: Stage, receiver: Receiver, name: str, is_over: Callable[[], bool]) -> list[float]:
    """Send an offer of a new candidate at each beat until it is over; the seconds to the first advice of each."""
    publisher, sent_at, begun = stage.broker.publisher(), dict[str, float](), time.monotonic()
    while not is_over():
        beat = begun + len(sent_at) / LIVE_PER_S
        time.sleep(max(0.0, beat - time.monotonic()))
        one = _offer(f"{name}-{len(sent_at)}")
        sent_at[one.subject] = beat
        publisher.publish(event_message(dump_event(one), one, accepted_at=wall_clock()))
    wait_until(lambda: sent_at.keys() <= receiver.arrivals.keys(), "all live advice has come", 120)
    return [receiver.arrivals[subject] - at for subject, at in sent_at.items()]


def _offer(candidate: str) -> Event:
    return make_event(candidate, 1, "offer.extended", OFFER, "live")
