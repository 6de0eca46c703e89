"""The intake: events over HTTP, single and in batches, beside a Flask route that only answers 202 on the same server
(gunicorn, gthread, the shipped numbers of processes and threads), and beside the confirms of the broker."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.http_load import Load, post, quantile, run, wait_until_up
from benchmarks.rows import AT_LEAST, Goal, Rounds, Row
from benchmarks.stage import Stage, events, open_stage
from signpost.messaging import event_message
from signpost.schemas import dump_event
from signpost.tenants.model import hash_key
from tests.support.private_servers import free_port

if TYPE_CHECKING:
    from benchmarks.__main__ import Options

KEY = "key-of-the-benchmark"
TENANTS = f'tenants:\n  benchmark: {{api_keys: ["{hash_key(KEY)}"]}}\n'
REQUESTS, BATCHES, BATCH = 3_000, 100, 100
CONNECTIONS, THREADS = 64, 8
SINGLE, BATCHED, EMPTY, CONFIRMS = "single", "batched", "empty route", "confirm limit"
EVENT, EVENTS = "application/cloudevents+json", "application/cloudevents-batch+json"
PER_S = "events/s"


def measure(options: "Options") -> list[Row]:
    """Events per second of each way."""
    with open_stage() as stage, intake(stage) as port, empty_route() as empty:
        rounds, waits = Rounds(options.rounds), list[float]()

        def single(number: int) -> float:
            load = run(port, _single(f"s{number}"), CONNECTIONS)
            waits.extend(load.seconds)
            return _purged(stage, load)

        single(-1)
        rounds.run(
            {
                SINGLE: single,
                BATCHED: lambda number: BATCH * _purged(stage, run(port, _batched(f"b{number}"), THREADS)),
                EMPTY: lambda number: run(empty, _single(f"e{number}"), CONNECTIONS).per_second,
                CONFIRMS: lambda number: _confirmed(stage, f"c{number}"),
            }
        )
    return [
        rounds.row("intake, single events / empty route", SINGLE, PER_S, EMPTY, Goal(AT_LEAST, 0.5)),
        rounds.row("intake, single events / confirm limit", SINGLE, PER_S, CONFIRMS, Goal(AT_LEAST, 0.9)),
        rounds.row("intake, batched / single events", BATCHED, PER_S, SINGLE, Goal(AT_LEAST, 5)),
        Row(f"intake, p99 with {CONNECTIONS} requests in flight", quantile(waits, 0.99) * 1000, "ms"),
    ]


def _documents(seed: str, count: int) -> list[dict[str, Any]]:
    documents = [dump_event(one) for one in events(count, seed)]
    return [{name: value for name, value in one.items() if name != "tenant"} for one in documents]


def _single(seed: str) -> list[bytes]:
    return [post("/v1/events", json.dumps(one).encode(), EVENT, KEY) for one in _documents(seed, REQUESTS)]


def _batched(seed: str) -> list[bytes]:
    documents = _documents(seed, BATCHES * BATCH)
    pages = [documents[start : start + BATCH] for start in range(0, len(documents), BATCH)]
    return [post("/v1/events", json.dumps(page).encode(), EVENTS, KEY) for page in pages]


def _purged(stage: Stage, load: Load) -> float:
    """The rate; empties the queues, which would otherwise fill."""
    for queue in ("signpost.advisor", "signpost.advisor.bulk"):
        stage.broker.purge(queue)
    return load.per_second


def _confirmed(stage: Stage, seed: str) -> float:
    """Pipelined publishes of single events to the queue of the advisors, by one process."""
    messages = [event_message(dump_event(one), one, accepted_at=0) for one in events(REQUESTS, seed)]
    publisher = stage.broker.publisher()
    started = time.perf_counter()
    for future in [publisher.publish(one) for one in messages]:
        future.result(60)
    rate = len(messages) / (time.perf_counter() - started)
    stage.broker.purge("signpost.advisor")
    return rate


@contextmanager
def intake(stage: Stage) -> Iterator[int]:
    """An intake with shipped settings, except its rate limit. Provides its port."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tenants.yaml").write_text(TENANTS, encoding="utf-8")
        port = free_port()
        settings = {
            "SIGNPOST_DATA_DIR": folder,
            "SIGNPOST_DATABASE_URL": stage.database_url,
            "SIGNPOST_BROKER_URL": stage.url,
            "SIGNPOST_HTTP_BIND": f"127.0.0.1:{port}",
            "SIGNPOST_RATE_PER_SECOND": "0",
        }
        with _process([sys.executable, "-m", "signpost", "intake"], settings, port):
            yield port


@contextmanager
def empty_route() -> Iterator[int]:
    """The empty route with the numbers of processes and threads of the intake. Provides its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--workers", "1", "--threads", str(THREADS)]
    command += ["--worker-connections", "4096", "--keep-alive", "75", "-b", f"127.0.0.1:{port}"]
    with _process([*command, "benchmarks.peers.empty_route:app"], {}, port):
        yield port


@contextmanager
def _process(command: Sequence[str], settings: dict[str, str], port: int) -> Iterator[None]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")}
    with ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(command, env=inherited | settings, stdout=log, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.kill if not settings else process.terminate)
        wait_until_up(lambda: _listens(port))
        yield


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
