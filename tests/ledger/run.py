"""One ledger: rounds of load over a deployment, each with its faults, and the accounts of all of them at the end."""

import contextlib
import statistics
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from signpost.case.event import Event
from signpost.case.instant import DAY
from signpost.errors import SignpostError
from signpost.messaging import advisor_queues
from tests.ledger.books import missing
from tests.ledger.deployment import Deployment
from tests.ledger.events import KEYS, Identity, Round, make_round, probe
from tests.ledger.poison import Poison
from tests.ledger.receiver import TENANT
from tests.ledger.sender import Answers, Sender
from tests.ledger.verdict import (
    Accounts,
    Verdict,
    check_cases,
    check_dead_letters,
    check_events,
    check_published,
    inversions,
)
from tests.ledger.waiting import wait_for

SPREAD_S = 2.5
"""How long the requests of a round take without a fault."""
SETTLING_S = 60.0
"""Within this time after the last heal nothing may be left to do."""
END_SETTLING = 5
SERVERS = frozenset({"broker", "database", "amqp", "sql"})
"""What a process needs to start."""


class NotProven(Exception):
    """A fault did not happen, so what follows would prove nothing."""


class NotPossible(Exception):
    """This machine does not allow the fault; the message says what is missing."""


class Fault(Protocol):
    """A fault. `touches`: what it breaks; `hold_s`: how long it lasts once it is proven."""

    name: str
    touches: frozenset[str]
    hold_s: float

    def inject(self) -> None:
        """Let it happen. Raises NotPossible."""

    def prove(self) -> str:
        """What shows that it happened. Raises NotProven."""

    def heal(self) -> None:
        """End it."""


@dataclass(slots=True)
class Entry:
    """The row of a round in the printed ledger."""

    name: str
    events: int = 0
    attempts: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    repeats: int = 0
    duplicates: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    outage_s: float = 0.0
    recovery_s: float | None = None
    settled_s: float = 0.0
    disorder: int = 0
    proof: str = ""
    problems: list[str] = field(default_factory=list)


class Ledger:
    """Rounds over one deployment. `say`: prints progress."""

    def __init__(
        self, deployment: Deployment, seed: int, say: Callable[[str], None], settling_s: float = SETTLING_S
    ) -> None:
        """`settling_s`: how long after the last heal something may be left to do."""
        self.deployment, self.seed, self.say, self.settling_s = deployment, seed, say, settling_s
        self.entries: list[Entry] = []
        self.known: dict[Identity, tuple[Event, ...]] = {}
        self.accepted: set[Identity] = set()
        self.sent: set[Identity] = set()
        self.poison = Poison(deployment)
        self.number, self.begin_at = 0, 0.15
        """The share of the load after which the faults begin."""
        self.verdict = Verdict()

    def round(self, name: str, *faults: Fault, spread_s: float = SPREAD_S) -> Entry:
        """Send a round while these faults last; then wait until all is done, and check what it touched."""
        made = self._make()
        entry = Entry(name, events=len(made.known))
        messages, duplicates = len(self.deployment.records.messages), self.deployment.records.duplicates
        sender = Sender(lambda: self.deployment.port, self.deployment.now, made.requests, spread_s)
        running = [name for name, role in self.deployment.roles.items() if role.runs]
        sender.start()
        healed = time.monotonic()
        try:
            healed = self._break(entry, faults, sender, made)
        except NotProven as error:
            entry.problems.append(f"not proven: {error}")
        except NotPossible as error:
            entry.proof = f"not possible here: {error}"
        except Exception as error:
            # The ledger goes on: what other faults find is worth more than this one
            entry.problems.append(f"the fault itself failed: {type(error).__name__}: {str(error)[:300]}")
        entry.problems += self._ended(running, faults)
        probe_sender, subject = self._send_probe()
        answers = self._account(sender, entry)
        self._account(probe_sender, entry)
        with self._reported(entry):
            entry.recovery_s = self._arrival_of(subject) - healed
            entry.settled_s = self._settle(healed)
            self._check(made, entry)
        entry.duplicates = self.deployment.records.duplicates - duplicates
        entry.disorder = len(inversions(self.deployment.records, messages))
        self._summarize(entry, answers)
        return entry

    def finish(self) -> Verdict:
        """Let eight days pass twice, so that all that waits for an instant happens; then check everything."""
        entry = Entry("the end: eight days, twice")
        # All that eight days bring comes at once, and one endpoint takes it in order
        self.settling_s *= END_SETTLING
        for _ in range(2):
            self.deployment.shift_clock(self.deployment.offset_s() + 8 * DAY / 1_000_000)
            with self._reported(entry):
                entry.settled_s += self._settle(time.monotonic())
        accounts = self._accounts()
        seen = check_events(accounts, self.verdict)
        check_cases(accounts, seen, self.verdict)
        check_published(accounts, self.verdict)
        entries = self.deployment.books.feed()
        for kind, found in self.deployment.receiver.faults(entries).items():
            self.verdict.add(kind, found)
        self.verdict.checked["webhooks"] = len(self.deployment.receiver.first)
        with self._reported(entry):
            self.poison.take_all(self.settling_s, self.say)
        check_dead_letters(self.poison.letters, self.poison.published, self.poison.tried, self.verdict)
        self.verdict.add("at another tenant", self._read_as_neighbour())
        for one in [*self.entries, entry]:
            self.verdict.add("a round failed", (f"{one.name}: {problem}" for problem in one.problems))
        return self.verdict

    def _make(self) -> Round:
        made = make_round(self.seed, self.number, time.time_ns() // 1000)
        self.number += 1
        self.known |= made.known
        return made

    def _break(self, entry: Entry, faults: Sequence[Fault], sender: Sender, made: Round) -> float:
        """Inject and prove the faults in the middle of the load; returns when the healing began."""
        wait_for(lambda: sender.share > self.begin_at, 30)
        for name, body in made.poison.items():
            self.poison.publish(name, body)
        injected: list[Fault] = []
        try:
            for fault in faults:
                injected.append(fault)
                fault.inject()
                entry.proof = "; ".join(filter(None, (entry.proof, fault.prove())))
            begun = time.monotonic()
            hold_s = max((fault.hold_s for fault in faults), default=0.0)
            wait_for(lambda: time.monotonic() - begun >= hold_s, hold_s + 1)
        finally:
            healed = time.monotonic()
            with contextlib.ExitStack() as healing:
                # Each is healed, whatever the others do; the last callback is the first: what processes need to start
                for fault in sorted(injected, key=lambda fault: bool(SERVERS & fault.touches)):
                    healing.callback(fault.heal)
        return healed

    def _ended(self, running: Collection[str], faults: Sequence[Fault]) -> list[str]:
        """Processes that a fault of something else has ended: each must live through it."""
        touched = {name for fault in faults for name in fault.touches}
        untouched = [] if "all" in touched else [name for name in running if name not in touched]
        roles = self.deployment.roles
        return [f"{name} ended with {roles[name].code}" for name in untouched if not roles[name].runs]

    def sent_beside(self, name: str) -> Event:
        """An event that reaches the system on another way than through the door."""
        request, event = probe(self.number, time.time_ns() // 1000, name)
        self.known[request.identities[0]] = (event,)
        self.sent |= set(request.identities)
        self.accepted |= set(request.identities)
        return event

    def _account(self, sender: Sender, entry: Entry) -> Answers:
        answers = sender.join()
        self.accepted |= answers.accepted
        self.sent |= answers.sent
        entry.problems += [f"accepted and must be refused: {one}" for one in answers.wrongly_accepted]
        entry.problems += [f"never answered: {one}" for one in answers.unanswered[:3]]
        return answers

    @contextlib.contextmanager
    def _reported(self, entry: Entry) -> Iterator[None]:
        try:
            yield
        except (TimeoutError, SignpostError, OSError) as error:
            entry.problems.append(str(error))

    def _send_probe(self) -> tuple[Sender, str]:
        """Send an event whose advice shows that the whole path works; returns its sender and its candidate."""
        request, event = probe(self.number, time.time_ns() // 1000)
        self.known[request.identities[0]] = (event,)
        sender = Sender(lambda: self.deployment.port, self.deployment.now, [request], 0)
        sender.start()
        return sender, event.subject

    def _arrival_of(self, subject: str) -> float:
        """When the first message about a candidate reached a consumer. Raises TimeoutError."""
        wanted, found = f'"{subject}"'.encode(), list[float]()

        def has_arrived() -> bool:
            found[:] = [one.at for one in self.deployment.records.messages[-5_000:] if wanted in one.body]
            return bool(found)

        wait_for(has_arrived, self.settling_s, "the advice of the probe to be published")
        return found[0]

    def _settle(self, since: float) -> float:
        """Wait until nothing is left to do; returns the seconds since then. Raises TimeoutError with what is left."""
        left = ["nothing was looked at"]

        def is_settled() -> bool:
            left[:] = self._left()
            return not left

        try:
            wait_for(is_settled, self.settling_s)
        except TimeoutError:
            raise TimeoutError(f"not settled after {self.settling_s:.0f} s: {'; '.join(left)}") from None
        wait_for(lambda: not self._unseen_agendas(), self.settling_s, "the last agendas to be at the consumer")
        return time.monotonic() - since

    def _unseen_agendas(self) -> bool:
        agendas = self.deployment.records.agendas
        return any(
            number > agendas[place].get(reader, {"sequence": 0})["sequence"]
            for place, readers in self.deployment.books.agenda_numbers().items()
            for reader, number in readers.items()
        )

    def _left(self) -> list[str]:
        """What is left to do, in words."""
        deployment = self.deployment
        try:
            lost = missing(self.accepted, deployment.books.seen())
            depths = {queue: deployment.broker.queue_depth(queue) for queue in advisor_queues(deployment.partitions)}
            counts = {
                f"accepted events not in effect, like {lost[:1]}": len(lost),
                **{f"messages in {queue}": depth for queue, depth in depths.items()},
                "messages in the outbox": deployment.books.outbox_depth(),
                "cases that are due": deployment.books.due(deployment.now()),
                "changes not at the consumer": sum(
                    not deployment.records.has(name) for name in deployment.books.feed_ids()
                ),
                "webhooks not at the receiver": len(deployment.receiver.missing(deployment.books.feed_ids(TENANT))),
                "cases of an older rulebook": len(
                    deployment.books.rulebooks_of_cases() - set(deployment.engines.rulebooks.versions)
                ),
            }
        except Exception as error:
            return [f"{type(error).__name__}: {str(error)[:200]}"]
        return [f"{count} {what}" for what, count in counts.items() if count]

    def _check(self, made: Round, entry: Entry) -> None:
        """Check the cases that a round has touched."""
        verdict = self._verdict_of(made)
        if not verdict.is_clean:
            # An instant may have passed between the looks at the database and at the clock
            self._settle(time.monotonic())
            verdict = self._verdict_of(made)
        entry.problems += verdict.lines()

    def _verdict_of(self, made: Round) -> Verdict:
        verdict, accounts = Verdict(), self._accounts()
        seen = check_events(accounts, verdict)
        check_cases(accounts, seen, verdict, {variants[0].subject for variants in made.known.values()})
        return verdict

    def _accounts(self) -> Accounts:
        deployment = self.deployment
        return Accounts(
            self.accepted, self.sent, self.known, deployment.books, deployment.records,
            deployment.engines.of, deployment.now(),
        )  # fmt: skip

    def _read_as_neighbour(self) -> Iterator[str]:
        """What one tenant reads of another over HTTP."""
        for tenant, key in KEYS.items():
            with httpx.Client(base_url=f"http://127.0.0.1:{self.deployment.port}", timeout=30) as client:
                answer = client.get("/v1/recommendations", headers={"Authorization": f"Bearer {key}"}).json()
            for item in answer["items"]:
                if item.get("tenant", tenant) != tenant:
                    yield f"{item['id']} read by {tenant}"

    def _summarize(self, entry: Entry, answers: Answers) -> None:
        entry.attempts, entry.retries, entry.repeats = answers.attempts, answers.retries, answers.repeats
        entry.refusals = dict(Counter(answers.refusals))
        if len(answers.seconds) > 1:
            entry.p50_ms = statistics.median(answers.seconds) * 1000
            entry.p99_ms = statistics.quantiles(answers.seconds, n=100)[98] * 1000
        entry.outage_s = answers.longest_outage_s()
        self.entries.append(entry)
        recovered = "" if entry.recovery_s is None else f" recovered in {entry.recovery_s:.1f} s"
        self.say(f"{'ok ' if not entry.problems else 'BAD'} {entry.name}:{recovered} [{entry.proof}]")
        for problem in entry.problems:
            self.say(f"      {problem}")
