"""The processes: the product's own parts, each with connections and a clock of its own, driven a step at a time."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Final

from signpost.advice import Engine
from signpost.case.event import Event
from signpost.case.instant import SECOND
from signpost.engine import make_engine
from signpost.errors import TransientError
from signpost.messaging import Message, advisor_queues
from signpost.services.intake.acceptance import EventAcceptor
from signpost.settings import read_settings
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.advisor import Advisor
from signpost.workers.backfill import Backfill
from signpost.workers.batch import BatchHandler
from signpost.workers.clock import CaseClock
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.pruning import Pruner
from signpost.workers.reevaluation import DueCaseProcessor
from signpost.workers.relay import Relay
from signpost.workers.rulebook_versions import RulebookVersions
from signpost.workers.sweeping import Sweeper
from tests.simulation.broker import Server, SimulatedBroker
from tests.simulation.database import Database
from tests.simulation.world import Crash, World

LEASE: Final = 30 * SECOND
PREFETCH: Final = 8
BATCH: Final = 5
KEPT: Final = dict.fromkeys(("SIGNPOST_FEED_DAYS", "SIGNPOST_ENDED_ADVICE_DAYS", "SIGNPOST_SEEN_EVENT_DAYS"), "0")
"""Without limit: what is checked at the end is compared with all that was published, and a plan may take months."""
LATER: Final = "think-it-over"
"""The rule that the second rulebook lacks."""
NAMES: Final = ("intake-0", "intake-1", "advisor-0", "advisor-1", "clock-0", "clock-1", "relay-0")


@cache
def engines_of(version: int) -> Engines[Engine]:
    """The engines of the first rulebook (0) and of the second (1)."""
    rulebooks = load_rulebooks(Path(__file__).parent / "rules")
    if version:
        kept = {name: rule for name, rule in rulebooks.default.rules.items() if name != LATER}
        rulebooks = replace(rulebooks, default=replace(rulebooks.default, rules=kept, version="second"))
    return Engines(partial(make_engine, "compiled"), rulebooks, version)


class Stop(threading.Event):
    """Stops a loop at its first pauses: the plan says what happens meanwhile."""

    def __init__(self, pauses: int = 1) -> None:
        super().__init__()
        self._left = pauses

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left <= 0:
            self.set()
        return self.is_set()


@dataclass
class Rules:
    """What the files of rules hold, and the rules of one process, which reloads them when it is asked to."""

    files: Callable[[], int]
    loaded: int

    def now(self) -> Engines[Engine]:
        return engines_of(self.loaded)

    def reload_now(self) -> None:
        self.loaded = self.files()


class NoMeter:
    """Measures nothing: quotas are no part of the promises, and each measurement reads all tables."""

    def step(self, now: int) -> None:
        """Do nothing."""


class Process:
    """One process, in one life after the other. `ended` counts the ends of its lives."""

    def __init__(
        self,
        name: str,
        world: World,
        server: Server,
        database: Database,
        files: Callable[[], int],
        partitions: int = 1,
    ) -> None:
        self._partitions = partitions
        self.name, self._world, self._server, self._database = name, world, server, database
        self.clock, self.rules, self.ended = world.clock_of(name), Rules(files, files()), 0
        self.start()

    def start(self) -> None:
        """Begin a life: with the rules of today, and new connections."""
        self.number = NAMES.index(self.name) * 1000 + self.ended
        self.broker = SimulatedBroker(self._server, self.number)
        self.rules = Rules(self.rules.files, self.rules.files())
        self.work = self._make()

    def step(self) -> None:
        """Work as long as there is something to do."""
        self.run(self.work)

    def run(self, work: Callable[[], object]) -> bool:
        """Do something as this process, whose life may end meanwhile; whether it has not."""
        try:
            work()
        except Crash:
            self._world.in_transaction = False
        except TransientError:
            # As `workers.process.run` does: close everything, and begin again
            pass
        else:
            return True
        self.end()
        return False

    def end(self) -> None:
        """End the life: its connections are lost, and another life begins."""
        self.ended += 1
        self.broker.close()
        self.start()

    def _make(self) -> Callable[[], object]:
        role = self.name.partition("-")[0]
        store = self._database.store()
        if role == "intake":
            self.acceptor = EventAcceptor(store, self.broker.publisher, self._partitions, 0)
            return lambda: None
        versions = RulebookVersions(store, self.rules)
        outbox = OutboxPublisher(self.broker.publisher(), store, 0)
        if role == "advisor":
            consumers = [self.broker.consumer(queue, PREFETCH) for queue in advisor_queues()]
            advisor = Advisor(consumers, BatchHandler(store, versions, LEASE), outbox, self.clock, BATCH)
            return lambda: advisor.step(Stop(3), 0)
        if role == "clock":
            processor = DueCaseProcessor(store, versions, LEASE)
            backfill = Backfill(processor, outbox, 1000)
            pruner = Pruner(store, read_settings(KEPT))
            clock = CaseClock(processor, backfill, outbox, self.clock, 1, pruner, NoMeter())  # type: ignore[arg-type]
            return lambda: clock.run(Stop())
        sweeper = Sweeper(store, self.broker, 0)
        relay = Relay(store, self.broker.publisher(), outbox, self.clock, lease=LEASE, interval_s=1, sweeper=sweeper)
        return lambda: relay.run(Stop())

    def accept(self, events: Sequence[Event]) -> bool:
        """Accept events as the intake does; whether the sender got an answer that says so."""
        return self.run(lambda: self.acceptor.accept(events, self.clock()))

    def publish(self, message: Message) -> bool:
        """Publish as a client of the broker does; whether it was confirmed."""
        answers: list[Future[None]] = []
        self.run(lambda: answers.append(self.broker.publisher().publish(message)))
        return any(answer.done() and answer.exception() is None for answer in answers)
