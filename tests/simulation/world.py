"""The simulated world: the true time, the clock of each process, and the fault of the current step. No product code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from signpost.case.instant import SECOND, parse_instant

START = parse_instant("2026-03-02T09:00:00Z")


class Kind(Enum):
    """What goes wrong at an effect: a message, a transaction, a request to the broker."""

    CRASH = "the process ends before it"
    CRASH_AFTER = "the process ends right after it"
    FAILURE = "it fails without effect"
    LOST_ANSWER = "it takes effect, and the process gets an error"
    REFUSAL = "the broker refuses it, or the database reports a conflict"
    STALL = "the connection stalls: what was sent arrives later, and no confirm"
    INTERRUPTION = "another process takes a step in between"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at the `at`-th effect of a step; `other`: which process interrupts."""

    kind: Kind
    at: int
    other: int = 0


class Crash(BaseException):
    """The end of a process. No code of the product may stop it."""


@dataclass(slots=True)
class World:
    """`interrupt` runs a step of another process. Instants and durations in microseconds."""

    now: int = START
    fault: Fault | None = None
    in_transaction: bool = False
    interrupt: Callable[[int], None] = lambda _: None
    skew: dict[str, int] = field(default_factory=dict)
    """Name of a process -> how far its clock is ahead of the true time."""
    seen: set[str] = field(default_factory=set)
    """The faults that have happened: `KIND at EFFECT`."""
    effects: int = 0
    _count: int = 0
    _crashing: bool = False

    def begin(self, fault: Fault | None) -> None:
        """Begin a step with its fault."""
        self.fault, self._count, self._crashing = fault, 0, False

    def clock_of(self, name: str) -> Callable[[], int]:
        """The clock of a process; others may take a step after it was read."""

        def read() -> int:
            instant = self.now + self.skew.get(name, 0)
            self.take("clock", Kind.CRASH)
            return instant

        return read

    def reach(self, name: str) -> None:
        """Pass a named point of the product, at which a process can end or be interrupted."""
        self.take(name, Kind.CRASH, Kind.CRASH_AFTER)

    def take(self, effect: str, *possible: Kind) -> Kind | None:
        """Count an effect. The fault that happens at it, if it is possible there; the caller brings it about."""
        self.effects += 1
        fault, self._count = self.fault, self._count + 1
        if fault is None or self._count <= fault.at:
            return None
        if fault.kind is Kind.INTERRUPTION:
            if not self.in_transaction:
                self._happen(fault, effect)
                self.interrupt(fault.other)
            return None
        if fault.kind not in possible:
            return None
        self._happen(fault, effect)
        if fault.kind is Kind.CRASH:
            raise Crash(effect)
        return fault.kind

    def _happen(self, fault: Fault, effect: str) -> None:
        self.fault = None
        self.seen.add(f"{fault.kind.name} at {effect}")


def tick(seconds: float) -> int:
    """Seconds as a duration."""
    return round(seconds * SECOND)
