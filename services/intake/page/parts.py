"""What the screens of the page share: the parts of the intake, the files of the rules, and what operators may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from signpost.dead_letters import MAX_EXAMINED, DeadLetterQueue
from signpost.messaging import Broker
from signpost.names import DEAD
from signpost.rulebook.folders import Folders
from signpost.services.intake.analysis import Analyst, Job
from signpost.services.intake.context import IntakeContext
from signpost.services.intake.queue_turns import QueueTurns
from signpost.services.intake.slots import Slots


class OperatorView(Protocol):
    """What happens in the whole installation, for operators."""

    def status(self) -> dict[str, Any]:
        """The document of `signpost status --json`."""

    def examine(self) -> Sequence[dict[str, Any]]:
        """The checks of `signpost doctor --json`, the worst first."""


@dataclass(frozen=True, slots=True)
class PageFiles:
    """Where the rulebooks of all tenants are: the folders of rules and the tenants file."""

    rules: Folders
    tenants: Path


@dataclass(frozen=True, slots=True)
class Letters:
    """The queues of dead letters. `turns`: shared with all who read a whole queue."""

    broker: Broker
    partitions: int
    turns: QueueTurns

    def queue(self) -> DeadLetterQueue:
        """The queue of what could not be processed."""
        return DeadLetterQueue(self.broker, DEAD, self.partitions, MAX_EXAMINED)


@dataclass(frozen=True, slots=True)
class PageParts:
    """`files`, `operator`, `letters`: None where there are none, as in some tests; their screens then show less."""

    context: IntakeContext
    analyst: Analyst
    slots: Slots
    files: PageFiles | None = None
    operator: OperatorView | None = None
    letters: Letters | None = None

    def run(self, job: Job, price: int) -> bytes:
        """Charge the tenant and run a job in a child process. Raises what the job raises, RateLimited, NoSlot."""
        self.context.charge(job.tenant, price, paid=0)
        with self.slots.take(job.tenant):
            return self.analyst.run(job)
