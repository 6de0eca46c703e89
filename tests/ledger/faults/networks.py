"""Faults of the network between the processes and their servers, by the proxies before each."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults.base import Fault, expect
from tests.support.proxy import Mode, Proxy


@dataclass
class NetworkFault(Fault):
    """A mode of a proxy. `counter`: what it counts while the mode takes effect."""

    proxy: Proxy | None = None
    mode: Mode = Mode.RESET
    counter: str = ""

    @property
    def counted(self) -> int:
        """What the proxy has counted."""
        return int(getattr(self.proxy, self.counter))

    def inject(self) -> None:
        assert self.proxy is not None
        self.before = self.counted
        self.proxy.become(self.mode)

    def prove(self) -> str:
        expect(lambda: self.counted > self.before, f"{self.counter} by the proxy")
        return f"{self.counted - self.before} {self.counter} by the proxy"

    def heal(self) -> None:
        assert self.proxy is not None
        self.proxy.become(Mode.PASS)


MODES = (
    (Mode.BLACK_HOLE, "swallowed", "bytes swallowed", 4.0),
    (Mode.DEAF, "answers swallowed", "answers_swallowed", 4.0),
    (Mode.RESET, "reset", "resets", 1.0),
    (Mode.SLOW, "delayed", "delayed", 2.0),
    (Mode.HALF, "cut half-way", "halved", 1.0),
)


def network_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of both networks."""
    for name, proxy, touched in (("AMQP", deployment.amqp, "amqp"), ("SQL", deployment.sql, "sql")):
        for mode, title, counter, hold_s in MODES:
            counted = "swallowed" if mode is Mode.BLACK_HOLE else counter
            touches = frozenset({touched})
            yield NetworkFault(deployment, f"{name} {title}", touches, hold_s, True, proxy, mode, counted)
