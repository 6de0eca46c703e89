"""Workers as processes of their own, to be stopped and killed, and a consumer that collects what they publish."""

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
from signpost.storage.tables import seen_events
from tests.support.private_servers import wait_until

CollectedChange = tuple[Any, ...]


class WorkerProcess:
    """`signpost NAME` on these servers; its log goes to a file in `folder`."""

    def __init__(self, name: str, folder: Path, database_url: str, broker_url: str, **settings: str) -> None:
        ours = {variable: value for variable, value in os.environ.items() if not variable.startswith("SIGNPOST_")}
        named = {f"SIGNPOST_{setting.upper()}": value for setting, value in settings.items()}
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "signpost", name],
                env={
                    **ours,
                    "SIGNPOST_DATA_DIR": str(folder),
                    "SIGNPOST_DATABASE_URL": database_url,
                    "SIGNPOST_BROKER_URL": broker_url,
                    **named,
                },
                stdout=log,
                stderr=log,
            )

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def wait_for_events(self, seen: Callable[[], int], least: int, seconds: float) -> None:
        """Return once so many events were seen; fails with the end of the log when the process ends or is late."""
        with suppress(TimeoutError):
            wait_until(lambda: seen() >= least or not self.runs, "", seconds)
        assert seen() >= least, f"{seen()} events seen, not {least}; the log ends:\n{self.log.read_text()[-3000:]}"

    def hang_up(self) -> None:
        """SIGHUP: look at the rules at once."""
        self._process.send_signal(signal.SIGHUP)

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.wait(60)


@contextmanager
def running(*processes: WorkerProcess) -> Iterator[None]:
    """Nothing is left of these processes afterwards."""
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                process.kill()


class Collector:
    """A consumer of all advice, in a thread: what was published, repeats counted."""

    def __init__(self, broker: Broker) -> None:
        self.told: dict[CollectedChange, int] = {}
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
                told = identified(orjson.loads(delivery.body)["data"])
                self.told[told] = self.told.get(told, 0) + 1
            self._consumer.settle([Settlement(each, Outcome.DONE) for each in deliveries], 0)
        self._consumer.close()


def identified(data: dict[str, Any]) -> CollectedChange:
    """Everything of a change that does not depend on when it was told."""
    subject = f"{data['rule']}@{data['subject']['kind']}/{data['subject']['id']}"
    return (
        data["candidate"],
        subject,
        *(data[name] for name in ("id", "sequence", "change", "status", "priority", "due", "title")),
    )


@contextmanager
def counting(database_url: str) -> Iterator[Callable[[], int]]:
    """How many events a database has seen so far."""
    engine = create_engine(database_url)

    def count() -> int:
        with engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(seen_events)).scalar_one())

    try:
        yield count
    finally:
        engine.dispose()


def drained(broker: Broker, queue: str, waiting: Callable[[], int], seconds: float) -> None:
    """Wait until nothing waits in a queue, nor in the outbox."""
    wait_until(lambda: broker.queue_depth(queue) == 0 and waiting() == 0, f"{queue} and the outbox to drain", seconds)
