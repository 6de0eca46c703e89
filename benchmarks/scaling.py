"""Events per second of several advisor processes on RabbitMQ and PostgreSQL, with one queue and with partitions.

All settings run in turn in each round, on the same servers; the median of the rounds counts. Everything is durable.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, select

from benchmarks.stage import events
from signpost.case.event import Event
from signpost.messaging import connect, event_message
from signpost.schemas import dump_event
from signpost.storage import open_store, upgrade
from signpost.storage.tables import seen_events
from signpost.workers.process import wall_clock
from tests.support import servers
from tests.support.private_servers import wait_until
from tests.support.workers_processes import WorkerProcess, kill_afterwards

SETTINGS = ((1, 1), (2, 1), (3, 1), (1, 4), (2, 4), (3, 4))
"""Advisors and partitions."""
WARM_EVENTS = 100
PAUSE_S = 1.0
"""Between warm-up events, so that advisors share the partitions before the measurement."""


def run(sent: Sequence[Event], advisors: int, partitions: int) -> float:
    """Seconds from the first to the last event of a full queue, advisors running already."""
    with ExitStack() as stack:
        rabbit, postgres = stack.enter_context(servers.rabbitmq()), stack.enter_context(servers.postgresql())
        url = stack.enter_context(servers.vhost(rabbit))
        database_url = stack.enter_context(servers.database(postgres))
        upgrade(database_url)
        broker = connect(url, partitions=partitions)
        stack.callback(broker.close)
        broker.apply_topology()
        store = stack.enter_context(open_store(database_url))
        engine = create_engine(database_url)
        stack.callback(engine.dispose)

        def seen() -> int:
            with engine.connect() as connection:
                return int(connection.execute(select(func.count()).select_from(seen_events)).scalar_one())

        def send(some: Sequence[Event]) -> None:
            publisher = broker.publisher()
            for start in range(0, len(some), 500):
                messages = [event_message(dump_event(each), each, partitions) for each in some[start : start + 500]]
                for future in [publisher.publish(each) for each in messages]:
                    future.result(60)

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [_start(folder / str(number), database_url, url, partitions) for number in range(advisors)]
        stack.enter_context(kill_afterwards(*workers))
        wait_until(lambda: all("advisor runs" in worker.log.read_text() for worker in workers), "the advisors run")
        warm = list(sent[: len(sent) // 4])
        for begin in range(0, len(warm), WARM_EVENTS):
            send(warm[begin : begin + WARM_EVENTS])
            wait_until(lambda: seen() >= min(begin + WARM_EVENTS, len(warm)), "the events are handled")  # noqa: B023
            if partitions > 1:
                time.sleep(PAUSE_S)
        started = time.perf_counter()
        send(sent[len(warm) :])
        wait_until(lambda: seen() >= len(sent) and not store.outbox.depth(wall_clock()).waiting, "all is handled", 600)
        return time.perf_counter() - started


def _start(folder: Path, database_url: str, url: str, partitions: int) -> WorkerProcess:
    folder.mkdir()
    return WorkerProcess("advisor", folder, database_url, url, partitions=str(partitions))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.scaling", description=__doc__)
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sent = events(options.events, "scaling")
    rates: dict[tuple[int, int], list[float]] = {}
    for number in range(options.rounds):
        for setting in SETTINGS:
            print(f"round {number + 1}: {setting[0]} advisors, {setting[1]} partitions", file=sys.stderr)
            rates.setdefault(setting, []).append(0.75 * len(sent) / run(sent, *setting))
    rows: list[dict[str, Any]] = [
        {"advisors": advisors, "partitions": partitions, "per_second": round(statistics.median(found))}
        for (advisors, partitions), found in rates.items()
    ]
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print(f"{row['advisors']} advisors, {row['partitions']} partitions: {row['per_second']:>6} events/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
