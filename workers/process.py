"""The edge of every worker process: clock, signals, settings, connections, back-off; what a worker does is not here."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol, TypeAlias

from signpost import signals
from signpost.advice import Engine
from signpost.engine import choose_engine, make_engine
from signpost.errors import BugError, CallerError, MisconfiguredError, TransientError
from signpost.logs import set_up_logging
from signpost.messaging import Bounds, Broker, connect
from signpost.repeats import Repeats
from signpost.settings import Settings
from signpost.storage import Store, open_store
from signpost.tenants.live_rulebooks import LiveEngines
from signpost.workers.outbox_publisher import OutboxPublisher

Clock: TypeAlias = Callable[[], int]
"""Microseconds since the epoch, UTC."""
Stop: TypeAlias = threading.Event
Rules: TypeAlias = Callable[[], LiveEngines[Engine]]

PAUSE_FIRST, PAUSE_MOST = 0.2, 10.0
CONFIRM_MARGIN = 2.0
"""Seconds beyond the publisher's own bound on each message to wait for a batch."""
STOP_GRACE = 20.0
"""Seconds from SIGTERM until the process ends in any case; longer than a batch may take."""
FAILED, MISUSED = 1, 2
"""Exit codes: something is broken; something has to be set right by a person first."""

log = logging.getLogger("signpost.process")


class Worker(Protocol):
    """What a process runs."""

    def run(self, stop: Stop) -> None:
        """Work until told to stop, the current batch finished. TransientError: connect anew and run again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of; the process opens and closes it."""

    settings: Settings
    store: Store
    broker: Broker
    clock: Clock
    rules: Rules
    """The engines of this process, loaded and watched from the first call on. Raises RulebookError (CallerError)."""

    @property
    def lease(self) -> int:
        """Microseconds for which outbox rows belong to whoever wrote or claimed them."""
        return int(self.settings.outbox_lease * 1_000_000)

    def outbox(self) -> OutboxPublisher:
        """Publishing on this process's publisher."""
        return OutboxPublisher(self.broker.publisher(), self.store, self.settings.publish_timeout + CONFIRM_MARGIN)


def run(name: str, settings: Settings, make: Callable[[Parts], Worker]) -> int:
    """Run a worker until SIGTERM or SIGINT; the exit code.

    What passes by itself (TransientError) is waited for, what a person must set right (CallerError) ends the process
    with words, and a bug crashes it loudly: nothing is lost by a crash.
    """
    set_up_logging(name, settings.log_level, settings.log_format)
    asked = threading.Event()
    with stopping(STOP_GRACE, asked) as stop:
        # Once for the process: connections may come and go while the files are at fault
        rules = cache(partial(_rules, settings, stop, asked))
        try:
            _run(name, settings, make, stop, rules)
        except (CallerError, MisconfiguredError) as error:
            log.error("%s cannot run: %s", name, error)
            return MISUSED
        except BugError:
            log.exception("%s found a fault of Signpost and stops", name)
            return FAILED
    log.info("%s stopped", name)
    return 0


def _run(name: str, settings: Settings, make: Callable[[Parts], Worker], stop: Stop, rules: Rules) -> None:
    """Raises MisconfiguredError only before the worker first runs: what worked once is likely to work again."""
    waits, lines, has_run = pauses(), Repeats(), False
    while not stop.is_set():
        started = time.monotonic()
        try:
            with opened(name, settings, rules) as parts:
                worker = make(parts)
                log.info("%s runs", name)
                has_run = True
                lines.reset()
                worker.run(stop)
        except TransientError as error:
            if isinstance(error, MisconfiguredError) and not has_run:
                raise
            if time.monotonic() - started > PAUSE_MOST:
                waits = pauses()
            pause = next(waits)
            if lines.is_due(str(error)):
                log.warning("%s connects again until it works: %s", name, error)
            stop.wait(pause)


@contextmanager
def opened(name: str, settings: Settings, rules: Rules) -> Iterator[Parts]:
    """Store and broker, open and found in order. Raises TransientError, and CallerError for a missing topology."""
    with open_store(settings.database_url) as store:
        store.ping()
        broker = connect(
            settings.broker_url,
            partitions=settings.partitions,
            bounds=Bounds(publish_timeout_s=settings.publish_timeout),
            name=f"signpost {name} {os.getpid()}",
        )
        try:
            _check_topology(broker)
            yield Parts(settings, store, broker, wall_clock, rules)
        finally:
            broker.close()


def _check_topology(broker: Broker) -> None:
    for difference in broker.check_topology():
        if difference.endswith("is missing"):
            raise CallerError(f"{difference}; run `signpost topology apply` first")
        log.warning("topology: %s", difference)


def _rules(settings: Settings, stop: Stop, asked: threading.Event) -> LiveEngines[Engine]:
    """The engine of each tenant, renewed in a thread. Raises CallerError (rules: RulebookError)."""
    engine = choose_engine(settings.engine)
    log.info("engine %s: %s", engine.name, engine.reason)
    make = partial(make_engine, engine.name)
    engines: LiveEngines[Engine] = LiveEngines(settings.rules, settings.tenants, make, stop.wait)
    watch = partial(engines.watch, stop, settings.reload_interval, asked)
    threading.Thread(target=watch, name="rules", daemon=True).start()
    return engines


def wall_clock() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


def pauses() -> Iterator[float]:
    """Seconds to wait between attempts, for ever: doubling up to a bound, times a random 0.5 to 1."""
    pause = PAUSE_FIRST
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, PAUSE_MOST)


@contextmanager
def stopping(grace: float, asked: threading.Event) -> Iterator[Stop]:
    """An event that SIGTERM and SIGINT set; `grace` seconds later the process ends in any case. SIGHUP sets `asked`."""
    stop = threading.Event()

    def ask() -> None:
        if not stop.is_set():
            stop.set()
            watchdog.start()

    watchdog = threading.Timer(grace, _end)
    watchdog.daemon = True
    try:
        with signals.dispatched(ask, asked.set):
            yield stop
    finally:
        watchdog.cancel()


def _end() -> None:
    """Nothing is lost: what was not acknowledged is delivered again, what was not published is in the outbox."""
    log.error("not stopped in time; ending now")
    os._exit(FAILED)
