"""The edge of every worker process: clock, signals, settings, connections, back-off. The work itself is not here."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from signpost import signals, standard_error, traces
from signpost.errors import (
    BugError,
    CallerError,
    MisconfiguredError,
    OutOfResources,
    TransientError,
    translate_shortages,
)
from signpost.logs import set_up_logging
from signpost.messaging import Bounds, Broker, connect, require_topology
from signpost.metrics import health
from signpost.metrics.process import metrics_of
from signpost.metrics.table import RECONNECTS
from signpost.repeats import Repeats
from signpost.settings import Settings
from signpost.storage import StorageConflict, StorageUnavailable, Store, open_store, require_tables
from signpost.workers.outbox_publisher import OutboxPublisher

if TYPE_CHECKING:
    from signpost.advice import Engine
    from signpost.tenants.live_rulebooks import LiveEngines

Clock: TypeAlias = Callable[[], int]
"""Microseconds since the epoch, UTC."""
Stop: TypeAlias = threading.Event
Rules: TypeAlias = Callable[[], "LiveEngines[Engine]"]

Opened: TypeAlias = Callable[[Rules], AbstractContextManager["Worker"]]

MIN_PAUSE_S, MAX_PAUSE_S = 0.2, 10.0
CONFIRM_MARGIN_S = 2.0
"""How long a batch waits for confirms beyond the publish timeout of one message."""
MAX_STOP_S = 20.0
"""Time from SIGTERM to a forced exit; longer than a batch may take."""
FAILED, MISUSED = 1, 2
"""Exit codes: a bug or a forced exit; an operator has to correct something first."""

log = logging.getLogger("signpost.process")


class Worker(Protocol):
    """The work of a process."""

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set, and finish the current batch. After a TransientError the process reconnects and
        runs it again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a worker; the process opens and closes them."""

    settings: Settings
    store: Store
    broker: Broker
    clock: Clock
    rules: Rules
    """The engines of this process; the first call loads and watches them. Raises RulebookError (CallerError)."""

    @property
    def lease_us(self) -> int:
        """How long outbox rows belong to the process that wrote or claimed them."""
        return int(self.settings.outbox_lease * 1_000_000)

    def outbox(self) -> OutboxPublisher:
        """An outbox publisher on the publisher of this process."""
        return OutboxPublisher(self.broker.publisher(), self.store, self.settings.publish_timeout + CONFIRM_MARGIN_S)


def run(name: str, settings: Settings, make: Callable[[Parts], Worker]) -> int:
    """Run a worker until SIGTERM or SIGINT; the exit code. See `run_opened`."""

    @contextmanager
    def opened(rules: Rules) -> Iterator[Worker]:
        with open_parts(name, settings, rules) as parts:
            yield make(parts)

    return run_opened(name, settings, opened)


def run_without_broker(name: str, settings: Settings, make: Callable[[Store], AbstractContextManager[Worker]]) -> int:
    """The same for a worker that needs only the database."""

    @contextmanager
    def opened(_rules: Rules) -> Iterator[Worker]:
        with open_checked_store(name, settings) as store, make(store) as worker:
            yield worker

    return run_opened(name, settings, opened, parts=("database",))


def run_opened(name: str, settings: Settings, opened: Opened, parts: Sequence[str] = ("database", "broker")) -> int:
    """Run a worker that `opened` makes until SIGTERM or SIGINT; the exit code. `parts`: what it needs.

    Reconnects after a TransientError. A CallerError, which an operator must correct, ends the process with a message;
    a bug crashes it: a crash loses nothing.
    """
    set_up_logging(name, settings.log_level, settings.log_format)
    reload_requested = threading.Event()
    with handle_signals(MAX_STOP_S, reload_requested) as stop:
        # Once for the process: it may reconnect while the rule files are faulty
        rules = cache(partial(_load_rules, settings, stop, reload_requested))
        try:
            with metrics_of(name, settings.metrics_bind), _traces_of(name, settings.traces):
                _run(name, opened, stop, rules, parts)
        except (CallerError, MisconfiguredError) as error:
            log.error("%s cannot run: %s", name, error)
            return MISUSED
        except BugError:
            log.exception("%s stops: a bug of Signpost; restart it and report the traceback", name)
            return FAILED
    log.info("%s stopped", name)
    return 0


@contextmanager
def _traces_of(name: str, kind: str) -> Iterator[None]:
    """Record spans within the block. Raises CallerError if OpenTelemetry is not installed."""
    traces.start(name, kind)
    try:
        yield
    finally:
        traces.stop()


def _run(name: str, opened: Opened, stop: Stop, rules: Rules, parts: Sequence[str]) -> None:
    """Raises MisconfiguredError only before the first run: settings that worked are likely to work again."""
    waits, lines, has_run = pauses(), Repeats(), False
    while not stop.is_set():
        health.turn()
        started = time.monotonic()
        try:
            with translate_shortages(), opened(rules) as worker:
                log.info("%s runs", name)
                has_run = True
                lines.reset()
                health.report(dict.fromkeys(parts, True))
                worker.run(stop)
        except TransientError as error:
            if isinstance(error, MisconfiguredError) and not has_run:
                raise
            if time.monotonic() - started > MAX_PAUSE_S:
                waits = pauses()
            pause = next(waits)
            if not isinstance(error, OutOfResources):
                server = "database" if isinstance(error, StorageUnavailable | StorageConflict) else "broker"
                RECONNECTS.inc(server)
                health.report({server: False})
            if lines.is_due(str(error)):
                log.warning("%s reconnects until it succeeds: %s", name, error)
            stop.wait(pause)


@contextmanager
def open_parts(name: str, settings: Settings, rules: Rules) -> Iterator[Parts]:
    """Open and check store and broker. Raises TransientError, and CallerError for a missing exchange or queue."""
    with open_checked_store(name, settings) as store:
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


@contextmanager
def open_checked_store(name: str, settings: Settings) -> Iterator[Store]:
    """Open and check the store. Raises TransientError."""
    with open_store(settings.database_url, name=f"signpost {name}") as store:
        store.ping()
        _check_tables(store)
        yield store


def _check_tables(store: Store) -> None:
    if newer := require_tables(store):
        log.warning("the tables are at revision %s, of a newer version of Signpost; update this process soon", newer)


def _check_topology(broker: Broker) -> None:
    for difference in require_topology(broker):
        log.warning("topology differs from its declaration: %s; compare with `signpost topology check`", difference)


def _load_rules(settings: Settings, stop: Stop, reload_requested: threading.Event) -> "LiveEngines[Engine]":
    """The engine of each tenant, reloaded in a thread. Raises CallerError (rules: RulebookError)."""
    # Not at the top: the import takes long, and a relay evaluates no rules
    from signpost.engine import choose_engine, make_engine
    from signpost.schemas.codes import time_zones
    from signpost.tenants.live_rulebooks import LiveEngines, kept_rules

    # Now, while there are descriptors: without them an incomplete list would stay, and refuse good events
    time_zones()
    engine = choose_engine(settings.engine)
    log.info("engine %s: %s", engine.name, engine.reason)
    make = partial(make_engine, engine.name)
    engines: LiveEngines[Engine] = LiveEngines(
        settings.rules,
        settings.tenants,
        make,
        stop.wait,
        kept=kept_rules(settings.state_dir, settings.rules, settings.tenants),
    )
    watch = partial(engines.watch, stop, settings.reload_interval, reload_requested)
    threading.Thread(target=watch, name="rules", daemon=True).start()
    return engines


def wall_clock() -> int:
    """The current time in microseconds since the epoch."""
    return time.time_ns() // 1000


def pauses() -> Iterator[float]:
    """Endless pauses between attempts, in seconds: doubling up to MAX_PAUSE_S, times a random 0.5 to 1."""
    pause = MIN_PAUSE_S
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, MAX_PAUSE_S)


@contextmanager
def handle_signals(max_stop_s: float, reload_requested: threading.Event) -> Iterator[Stop]:
    """Yields an event that SIGTERM and SIGINT set; `max_stop_s` later the process exits. SIGHUP requests a reload."""
    stop = threading.Event()

    def request_stop() -> None:
        if not stop.is_set():
            health.drain()
            stop.set()
            watchdog.start()

    watchdog = threading.Timer(max_stop_s, _exit)
    watchdog.daemon = True
    try:
        with signals.dispatch_to(request_stop, reload_requested.set):
            yield stop
    finally:
        watchdog.cancel()


def _exit() -> None:
    """Loses nothing: the broker redelivers unacknowledged messages, and the outbox holds unpublished ones."""
    log.error("not stopped within %d s; exiting now, unfinished messages are redelivered", MAX_STOP_S)
    standard_error.drain()
    os._exit(FAILED)
