"""Plays a plan on the product's own parts, lets every fault heal, and checks what must be true then."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from signpost import crash_points
from signpost.advice.case_set import CaseSet
from signpost.case.event import Event
from signpost.case.instant import MINUTE, SECOND, format_instant
from signpost.messaging import Message, advisor_queues
from signpost.messaging.message import REASON
from signpost.names import ADVICE, DEAD, EVENTS, FEEDBACK, FEEDBACK_SOURCE
from signpost.schemas import dump_event
from signpost.workers import relay
from tests.simulation import checks
from tests.simulation.broker import Server
from tests.simulation.database import Database
from tests.simulation.plan import ERASED, PAUSES, TENANTS, Plan, Step
from tests.simulation.processes import NAMES, Process
from tests.simulation.world import START, World

MAX_ROUNDS: Final = 40
MAX_CLAIMED: Final = 3
"""Rows that the relay claims at once: so few that some have to wait."""
BEHIND: Final = "ahead of the advisor's clock"
UNKNOWN: Final = "no recommendation with this id"
_DATABASE = Database()


class Violation(AssertionError):
    """A promise that a run has broken."""


@dataclass
class Run:
    """One run. `sent` and `accepted`: (tenant, source, id) -> event."""

    plan: Plan
    world: World = field(default_factory=World)
    database: Database = field(default=_DATABASE)
    sent: dict[tuple[str, str, str], Event] = field(default_factory=dict)
    accepted: set[tuple[str, str, str]] = field(default_factory=set)
    files: int = 0
    """Which rulebook the files hold."""
    answers: int = 0
    _at_work: int = -1

    def __post_init__(self) -> None:
        """Start every process."""
        self.database.reset(self.world)
        self.world.interrupt = self._interrupt
        self.server = Server(self.world, self.plan.limit)
        parts = (self.world, self.server, self.database, lambda: self.files)
        partitions = {"intake-1": self.plan.partitions}
        self.processes = [Process(name, *parts, partitions.get(name, 1)) for name in NAMES]

    def play(self) -> None:
        """Play the plan. Raises Violation."""
        with _watch(self):
            for step in self.plan.steps:
                self.world.begin(step.fault)
                self.step(step)
            self.heal()
        problems = checks.find_problems(self)
        if problems:
            raise Violation("\n".join(problems))

    def step(self, step: Step) -> None:
        """Take one step."""
        process, self._at_work = self.processes[step.process], step.process
        match step.kind:
            case "send":
                self._send(process, step.events)
            case "work":
                process.step()
            case "pass":
                self.world.now += step.value
            case "skew":
                self.world.skew[process.name] = step.value
            case "flow":
                process.broker.publisher().flow_again()
            case "full":
                self.server.full ^= {TENANTS[step.value]}
            case "kill":
                process.end()
            case "answer":
                self._answer(process, step.value)
            case "reload":
                self.files = max(self.files, step.value)
                process.rules.reload_now()

    def _interrupt(self, other: int) -> None:
        """Another process works, or the process stands still for some time."""
        if other >= len(NAMES):
            self.world.now += PAUSES[other - len(NAMES)]
        elif other != self._at_work and not NAMES[other].startswith("intake"):
            self.processes[other].step()

    def _send(self, process: Process, events: tuple[Event, ...]) -> None:
        identities = {(one.tenant, one.source, one.id): one for one in events}
        self.sent |= identities
        if process.accept(events):
            self.accepted |= identities.keys()

    def _answer(self, process: Process, choice: int) -> None:
        """A consumer answers one of the recommendations that it has received."""
        received = [each.message for each in self.server.arrivals if each.message.exchange == ADVICE]
        if not received:
            return
        document = orjson.loads(received[choice % len(received)].body)
        self.answers += 1
        answer = ("dismissed", "snoozed", "done")[choice % 3]
        data: dict[str, Any] = {"recommendation": document["data"]["id"]}
        data |= {"until": format_instant(self.world.now + choice * MINUTE)} if answer == "snoozed" else {}
        subject, name = document["subject"], f"f-{self.answers}"
        event = Event(document["tenant"], "/app", name, f"advice.{answer}", self.world.now, subject, data)
        stored = replace(event, source=f"{FEEDBACK_SOURCE}//{event.source}")
        self.sent[stored.tenant, stored.source, stored.id] = stored
        if process.publish(Message(FEEDBACK, "", orjson.dumps(dump_event(event)), name)):
            self.accepted.add((stored.tenant, stored.source, stored.id))

    def heal(self) -> None:
        """Let every fault end, and everything settle. Raises Violation if it does not."""
        self.world.begin(None)
        self.world.skew.clear()
        for process in self.processes:
            process.broker.publisher().flow_again()
            process.rules.reload_now()
        for full in {frozenset(self.server.full): None, frozenset[str](): None}:
            self.server.full = set(full)
            self._settle()

    def _settle(self) -> None:
        for number in range(MAX_ROUNDS):
            for process in self.processes:
                process.step()
            if number > 1 and not any(self._waiting().values()):
                return
            self.world.now += 10 * SECOND if number < 3 else 11 * MINUTE
        raise Violation(f"does not settle: {self._waiting()}")

    def _waiting(self) -> dict[str, int]:
        """What has still to be done, by name; what a full queue refuses keeps nothing else waiting."""
        count = "SELECT count(*) FROM"
        queues = {name: len(self.server.queues[name]) for name in advisor_queues()}
        now, waits = self.world.now, "instr(agendas, '\"since\"') OR instr(agendas, '\"ended\"')"
        return queues | {
            "held": sum(consumer.held for process in self.processes for consumer in process.broker.consumers),
            "dead letters": len(self.server.queues[DEAD]) - len(self.refused),
            "outbox": sum(
                tenant not in self.server.full or exchange == EVENTS
                for tenant, exchange in self.database.rows("SELECT tenant, exchange FROM outbox")
            ),
            "due": self.database.rows(f"{count} cases WHERE next_change <= ? AND merged_into IS NULL", now)[0][0],
            "ahead": self.database.rows(f"{count} cases WHERE updated > ? AND merged_into IS NULL", now)[0][0],
            "agendas": self.database.rows(f"{count} cases WHERE {waits}")[0][0],
        }

    @property
    def refused(self) -> set[str]:
        """The ids of feedback that was refused with reason: an advisor's clock was behind, or what it answers was
        erased meanwhile."""
        letters = [one.message for one in self.server.queues[DEAD]]
        reasons = {letter.message_id: (str(letter.headers[REASON]), orjson.loads(letter.body)) for letter in letters}
        return {
            name
            for name, (reason, document) in reasons.items()
            if BEHIND in reason or (UNKNOWN in reason and document["subject"] == ERASED)
        }

    @property
    def virtual_s(self) -> float:
        """The time that has passed in the world."""
        return (self.world.now - START) / SECOND


@contextmanager
def _watch(run: Run) -> Iterator[None]:
    """Reach the named points of the product, and note what it folds."""
    apply = CaseSet.apply

    def noted(self: CaseSet, event: Event, now: int) -> Any:
        run.database.note_applied((event.tenant, event.source, event.id))
        return apply(self, event, now)

    CaseSet.apply = noted  # type: ignore[method-assign]
    batch, relay.MAX_BATCH = relay.MAX_BATCH, MAX_CLAIMED
    crash_points.arm(run.world.reach)
    try:
        yield
    finally:
        CaseSet.apply, relay.MAX_BATCH = apply, batch  # type: ignore[method-assign]
        crash_points.arm(_nothing)


def _nothing(_: str) -> None:
    """Pass a point without a world."""


def problem_of(plan: Plan) -> str | None:
    """The first problem of a plan, without its details; None if every promise holds."""
    try:
        Run(plan).play()
    except Violation as violation:
        return str(violation).partition("\n")[0].partition(":")[0]
    return None
