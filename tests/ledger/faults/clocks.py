"""Faults of clocks: all jump, or that of one process is beside those of the others."""

from collections.abc import Iterator
from dataclasses import dataclass

from signpost.case.instant import HOUR, parse_instant
from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults.base import Fault, expect


@dataclass
class ClocksJump(Fault):
    """The clocks of all processes jump, and jump back."""

    by_s: float = 0.0
    before = 0.0

    def inject(self) -> None:
        self.before = self.deployment.offset_s()
        self.seen = {name: role.log_size() for name, role in self.deployment.roles.items()}
        self.deployment.shift_clock(self.before + self.by_s)

    def prove(self) -> str:
        expect(lambda: self._jumped() > 0, "log lines of the other time")
        return f"{self._jumped()} log lines of the other time"

    def _jumped(self) -> int:
        """Lines whose time is at least half the jump away from ours."""
        ours, found = self.deployment.now() - int(self.by_s * 1e6), 0
        for name, mark in self.seen.items():
            for line in self.deployment.roles[name].log_since(mark).splitlines():
                if line.startswith('{"time":"'):
                    moved = parse_instant(line[9:].split('"')[0]) - ours
                    found += moved * (1 if self.by_s > 0 else -1) > abs(self.by_s) * 500_000
        return found

    def heal(self) -> None:
        self.deployment.shift_clock(self.before)


@dataclass
class ClockBeside(Fault):
    """One process runs with another clock for its life."""

    role: str = ""
    by_s: float = 0.0

    def inject(self) -> None:
        process = self.deployment.roles[self.role]
        self.file = self.deployment.clock.with_name(f"clock-{self.role}")
        self.file.write_text(str(self.deployment.offset_s() + self.by_s))
        process.kill()
        process.more["SIGNPOST_TEST_CLOCK"] = str(self.file)
        process.start()

    def prove(self) -> str:
        expect(lambda: bool(self._beside_s()), f"log lines of {self.role} with its time")
        found = self._beside_s()[0]
        return expect(lambda: abs(found - self.by_s) < abs(self.by_s) / 2 + 5, f"its log is {found:.1f} s beside", 0)

    def _beside_s(self) -> list[float]:
        """How far the times of its log lines are from ours; those of the last lines."""
        process = self.deployment.roles[self.role]
        lines = process.log_since(process.mark).splitlines()[-3:]
        times = [line[9:].split('"')[0] for line in lines if line.startswith('{"time":"') and line.endswith("}")]
        return [(parse_instant(time) - self.deployment.now()) / 1e6 for time in times[-1:]]

    def heal(self) -> None:
        process = self.deployment.roles[self.role]
        process.more.pop("SIGNPOST_TEST_CLOCK", None)
        process.kill()
        self.deployment.restart(process)


def clock_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of clocks."""
    touches, hour_s = frozenset({"clock"}), HOUR / 1_000_000
    yield ClocksJump(deployment, "clocks jump 2 h forward", touches, by_s=2 * hour_s, hold_s=2.0)
    yield ClocksJump(deployment, "clocks jump 1 h back", touches, by_s=-hour_s, hold_s=2.0)
    yield ClockBeside(deployment, "advisor 20 s behind", touches | {"advisor"}, role="advisor", by_s=-20, hold_s=2.0)
    yield ClockBeside(deployment, "clock 90 s ahead", touches, role="clock", by_s=90, hold_s=2.0)
