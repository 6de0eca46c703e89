"""Worker processes that tests stop and kill, and a consumer that collects what they publish."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import create_engine, func, select

from signpost.messaging import Broker, Outcome, Settlement
from signpost.signals import block_while_starting
from signpost.storage.tables import seen_events
from tests.support.private_servers import wait_until

CollectedChange = tuple[Any, ...]


class WorkerProcess:
    """`signpost NAME` on these servers; its log goes to a file in `folder`. Signals wait for its start."""

    def __init__(self, name: str, folder: Path, database_url: str, broker_url: str, **settings: str) -> None:
        inherited = {variable: value for variable, value in os.environ.items() if not variable.startswith("SIGNPOST_")}
        variables = {f"SIGNPOST_{setting.upper()}": value for setting, value in settings.items()}
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log, block_while_starting():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "signpost", name],
                env={
                    **inherited,
                    "SIGNPOST_DATA_DIR": str(folder),
                    "SIGNPOST_DATABASE_URL": database_url,
                    "SIGNPOST_BROKER_URL": broker_url,
                    **variables,
                },
                stdout=log,
                stderr=log,
            )

    @property
    def runs(self) -> bool:
        """Return whether the process is running."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def send_sighup(self) -> None:
        """Send SIGHUP: the worker reloads the rules at once."""
        self._process.send_signal(signal.SIGHUP)

    def stop(self, seconds: float = 60) -> int:
        """Send SIGTERM and wait. Return the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self._process.kill()
        self._process.wait(60)


@contextmanager
def kill_afterwards(*processes: WorkerProcess) -> Iterator[None]:
    """Kill these processes at the end."""
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                process.kill()


class Collector:
    """A consumer of all advice in a thread. `changes`: change -> how often it was published."""

    def __init__(self, broker: Broker) -> None:
        self.changes: dict[CollectedChange, int] = {}
        self._consumer = broker.subscribe("#")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector")

    def __enter__(self) -> "Collector":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            deliveries = self._consumer.receive(500, 0.2)
            for delivery in deliveries:
                change = change_key(orjson.loads(delivery.body)["data"])
                self.changes[change] = self.changes.get(change, 0) + 1
            self._consumer.settle([Settlement(each, Outcome.DONE) for each in deliveries], 0)
        self._consumer.close()


def change_key(data: dict[str, Any]) -> CollectedChange:
    """Return the parts of a change that do not depend on its time of publication."""
    subject = f"{data['rule']}@{data['subject']['kind']}/{data['subject']['id']}"
    return (
        data["candidate"],
        subject,
        *(data[name] for name in ("id", "sequence", "change", "status", "priority", "due", "title")),
    )


@contextmanager
def count_seen_events(database_url: str) -> Iterator[Callable[[], int]]:
    """Provide a function that counts the events that a database has seen."""
    engine = create_engine(database_url)

    def count() -> int:
        with engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(seen_events)).scalar_one())

    try:
        yield count
    finally:
        engine.dispose()


def wait_until_drained(broker: Broker, queue: str, waiting: Callable[[], int], seconds: float) -> None:
    """Wait until a queue and the outbox are empty."""
    wait_until(lambda: broker.queue_depth(queue) == 0 and waiting() == 0, f"{queue} and the outbox to drain", seconds)
