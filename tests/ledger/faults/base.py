"""What all faults share."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.ledger.deployment import ServerDeployment
from tests.ledger.run import NotPossible, NotProven

PROOF_S: Final = 30.0
"""How long a fault may take to show."""

__all__ = ["PROOF_S", "Fault", "NotPossible", "NotProven", "expect"]


@dataclass
class Fault:
    """A fault of one deployment. `touches`: what it breaks; `hold_s`: how long it lasts once it is proven; `may_pair`:
    whether it can be tried with others."""

    deployment: ServerDeployment
    name: str
    touches: frozenset[str]
    hold_s: float = 1.0
    may_pair: bool = True

    def inject(self) -> None:
        """Let it happen. Raises NotPossible."""
        raise NotImplementedError

    def prove(self) -> str:
        """What shows that it happened. Raises NotProven."""
        raise NotImplementedError

    def heal(self) -> None:
        """End it; also if it was injected only in part."""


def expect(condition: Callable[[], bool], what: str, seconds: float = PROOF_S) -> str:
    """Wait until something shows. Returns `what`. Raises NotProven."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotProven(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
    return what
