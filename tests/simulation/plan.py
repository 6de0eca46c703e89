"""Plans: what senders, processes and the environment do, step by step, and what fails. Drawn from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from signpost.case.event import Event
from signpost.case.instant import DAY, HOUR, MINUTE, SECOND, format_instant
from tests.simulation.processes import NAMES
from tests.simulation.world import START, Fault, Kind

TENANTS: Final = ("acme", "globex")
ERASED: Final = "c-4"
"""The candidate whose data is erased now and then; has no applications and is not merged."""
CANDIDATES: Final = ("c-1", "c-2", "c-3", ERASED)
OFFERS: Final = {"c-1": ("o-1", "o-2"), "c-2": ("o-3",), "c-3": ("o-4",), ERASED: ("o-5", "o-6")}
EMPLOYERS: Final = {"o-1": "e-1", "o-2": "e-2", "o-3": "e-1", "o-4": "e-2", "o-5": "e-1", "o-6": "e-2"}
PAUSES: Final = (SECOND, 5 * SECOND, MINUTE, 10 * MINUTE, HOUR, 12 * HOUR, 2 * DAY, 20 * DAY)
SKEWS: Final = (-HOUR, -3 * SECOND, 3 * SECOND, 40 * SECOND, 2 * HOUR, 3 * DAY)
WORKERS: Final = tuple(number for number, name in enumerate(NAMES) if not name.startswith("intake"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `kind`: send, work, pass, skew, flow, full, kill, answer, reload. `process`: an index of NAMES;
    `value`: a duration (microseconds) or a choice; `events`: for a sender."""

    kind: str
    process: int = 0
    value: int = 0
    events: tuple[Event, ...] = ()
    fault: Fault | None = None

    def __str__(self) -> str:
        """The step in a line."""
        told = [self.kind, NAMES[self.process]] if self.kind not in ("pass", "full") else [self.kind]
        told += (
            [f"{self.value / SECOND:g} s"] if self.kind in ("pass", "skew") else [str(self.value)] * bool(self.value)
        )
        told += [f"{one.tenant} {one.subject} {one.type} {one.id}" for one in self.events]
        if self.fault is not None:
            other = f" ({self.fault.other})" if self.fault.kind is Kind.INTERRUPTION else ""
            told.append(f"-- {self.fault.kind.name} at effect {self.fault.at}{other}")
        return " ".join(told)


@dataclass(frozen=True, slots=True)
class Plan:
    """`limit`: of deliveries before the broker makes a dead letter of a message. `partitions`: those that the second
    intake believes in; the broker has one."""

    seed: int
    limit: int
    steps: tuple[Step, ...]
    partitions: int = 1

    def __str__(self) -> str:
        """The plan, a step in a line."""
        lines = [f"seed {self.seed}, at most {self.limit} deliveries, {self.partitions} partitions for intake-1"]
        return "\n".join(lines + [f"{number:3} {step}" for number, step in enumerate(self.steps)])


def draw(seed: int, length: int = 60) -> Plan:
    """The plan of a seed."""
    random = Random(seed)
    maker = _Maker(random)
    calm = random.random() < 0.1
    steps = tuple(maker.step(calm) for _ in range(length))
    return Plan(seed, random.choice([4, 20]), steps, random.choice([1, 1, 4]))


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random, self._now, self._count = random, START, 0
        self._sent: list[Event] = []
        self._names: set[tuple[str, str]] = set()
        self._faulty = random.uniform(0.05, 0.5)
        self._skews = random.random() < 0.4

    def step(self, calm: bool) -> Step:
        step = self._step()
        is_faulty = not calm and step.kind in ("send", "work", "answer") and self._random.random() < self._faulty
        return Step(step.kind, step.process, step.value, step.events, self._fault()) if is_faulty else step

    def _step(self) -> Step:
        random, kind = self._random, self._random.random()
        if kind < 0.22:
            return Step("send", random.randrange(2), events=tuple(self._events()))
        if kind < 0.72:
            return Step("work", random.choice(WORKERS))
        if kind < 0.86:
            pause = random.choice(PAUSES)
            self._now += pause
            return Step("pass", value=pause)
        if kind < 0.89:
            return Step("skew", random.choice(WORKERS), random.choice((0, 0, *SKEWS)) if self._skews else 0)
        if kind < 0.9:
            return Step("full", value=random.randrange(len(TENANTS)))
        if kind < 0.92:
            return Step("flow", random.randrange(len(NAMES)))
        if kind < 0.94:
            return Step("kill", random.choice(WORKERS))
        if kind < 0.98:
            return Step("answer", random.randrange(2), random.randrange(1000))
        return Step("reload", random.choice(WORKERS), random.randrange(2))

    def _fault(self) -> Fault:
        kind = self._random.choice(list(Kind))
        return Fault(kind, self._random.randrange(24), self._random.randrange(len(NAMES) + len(PAUSES)))

    def _events(self) -> Sequence[Event]:
        """New events, and now and then some of before."""
        repeated = self._random.sample(self._sent, min(len(self._sent), self._random.choice([0, 0, 1, 3])))
        fresh = [self._event() for _ in range(self._random.choice([1, 1, 2, 4]))]
        self._sent += fresh
        return [*fresh, *repeated]

    def _event(self) -> Event:
        random = self._random
        self._count += 1
        candidate = random.choice(CANDIDATES)
        offer = random.choice(OFFERS[candidate])
        time = self._now - random.choice([0, SECOND, MINUTE, HOUR, 2 * DAY, 20 * DAY])
        kind = random.randrange(8)
        if kind < 6:
            return self._about_offer(candidate, offer, time)
        if candidate == ERASED:
            return self._made("candidate.erased", time, candidate, {})
        if kind == 6:
            return self._made("candidate.merged", time, "c-2", {"into": "c-1"})
        data = {"application": _application(offer), "employer": {"id": EMPLOYERS[offer]}}
        return self._made("application.submitted", time, candidate, data)

    def _about_offer(self, candidate: str, offer: str, time: int) -> Event:
        random, data = self._random, {"offer": offer}
        type_ = random.choice(["extended"] * 3 + ["updated", "accepted", "declined"])
        if type_ in ("extended", "updated"):
            data |= self._terms(offer)
        odds = random.random() + (candidate == ERASED)
        if odds < 0.3:
            candidate = f"application:{_application(offer)}"
        elif odds < 0.5:
            data |= {"application": _application(offer)}
        return self._made(f"offer.{type_}", time, candidate, data)

    def _terms(self, offer: str) -> dict[str, Any]:
        employer = {"id": EMPLOYERS[offer], "name": EMPLOYERS[offer].title()}
        terms: dict[str, Any] = {"employer": employer} if self._random.random() < 0.7 else {}
        if self._random.random() < 0.5:
            terms["respond_by"] = format_instant(self._now + self._random.choice([HOUR, DAY, 3 * DAY, 30 * DAY]))
        return terms

    def _made(self, type_: str, time: int, subject: str, data: dict[str, Any]) -> Event:
        """An event whose id another tenant's may have too."""
        name = f"e-{self._random.choice([self._count, self._count, self._random.randint(1, 9)])}"
        tenant = self._random.choice(TENANTS)
        while (tenant, name) in self._names:
            name += "x"
        self._names.add((tenant, name))
        return Event(tenant, "/boards/test", name, type_, time, subject, data)


def _application(offer: str) -> str:
    return offer.replace("o", "a")
