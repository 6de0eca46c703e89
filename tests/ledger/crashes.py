"""Crash points: the process that reaches a named point ends there at once, and what had begun must be finished."""

import ast
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from signpost.case.instant import MINUTE
from signpost.messaging import Message, event_message
from signpost.messaging.message import DELIVERY_LIMIT_REASON, FIRST_EXCHANGE, REASON
from signpost.names import DEAD, EVENTS
from signpost.schemas import dump_event
from tests.ledger.deployment import Deployment, ServerDeployment
from tests.ledger.faults.base import expect
from tests.ledger.run import Ledger
from tests.support.proxy import Mode

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("services", "workers", "signpost")
REACHED_S: Final = 30.0
ENDING_S: Final = 0.3
CRASHED: Final = 86
"""Exit code at a crash point; see `site/sitecustomize.py`."""


def points_in_code() -> set[str]:
    """The names of all points in the code."""
    found: set[str] = set()
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            if "reach(" in text:
                found |= {name for node in ast.walk(ast.parse(text)) if (name := _name_of(node))}
    return found


def _name_of(node: ast.AST) -> str:
    """The argument of `reach("name")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reach":
        (argument,) = node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return ""


@dataclass
class Crash:
    """The next process that reaches `point` ends there. `provoke`: makes sure that one does."""

    ledger: Ledger
    point: str
    provoke: Callable[[Ledger], None] = lambda ledger: None
    touches: frozenset[str] = frozenset({"all"})
    hold_s: float = 0.2
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"crash: {self.point}"

    @property
    def file(self) -> Path:
        """Names the point, for all processes."""
        return self.ledger.deployment.crash

    @property
    def reached(self) -> Path:
        """The same after a process has ended there."""
        return self.file.with_name(f"{self.file.name}.reached")

    def inject(self) -> None:
        self.reached.unlink(missing_ok=True)
        waiting = self.file.with_suffix(".new")
        waiting.write_text(self.point)
        waiting.rename(self.file)
        self.provoke(self.ledger)

    def prove(self) -> str:
        expect(self.reached.exists, f"a process reaches {self.point}", REACHED_S)
        # A process that has just ended may not be known to have ended
        time.sleep(ENDING_S)
        ended = [role.name for role in self.ledger.deployment.roles.values() if role.code == CRASHED]
        return f"{', '.join(ended) or 'a child'} ended there"

    def heal(self) -> None:
        self.file.unlink(missing_ok=True)
        deployment = self.ledger.deployment
        if isinstance(deployment, ServerDeployment):
            deployment.amqp.become(Mode.PASS)
        for role in deployment.roles.values():
            deployment.restart(role)


def _let_time_pass(ledger: Ledger) -> None:
    """Ten minutes: every agenda of the load has settled, so cases are due."""
    ledger.deployment.shift_clock(ledger.deployment.offset_s() + 10 * MINUTE / 1_000_000)


def _cut_broker(ledger: Ledger) -> None:
    """Events go to the outbox; the heal lets the relay publish them."""
    deployment = ledger.deployment
    assert isinstance(deployment, ServerDeployment)
    deployment.amqp.become(Mode.RESET)


def _cut_broker_shortly(ledger: Ledger) -> None:
    """Events go to the outbox; then the broker is back, and the relay publishes them."""
    deployment = ledger.deployment
    _cut_broker(ledger)
    expect(lambda: deployment.books.outbox_depth(EVENTS) > 0, "events wait in the outbox", REACHED_S)
    assert isinstance(deployment, ServerDeployment)
    deployment.amqp.become(Mode.PASS)


def _change_rules(ledger: Ledger) -> None:
    """Another rulebook evaluates all cases again."""
    file = ledger.deployment.rules / "before-accepting.yaml"
    text = file.read_text(encoding="utf-8")
    before, after = "Ask {{ employer }} how", "Please ask {{ employer }} how"
    file.write_text(text.replace(after, before) if after in text else text.replace(before, after), encoding="utf-8")
    ledger.deployment.engines = ledger.deployment.load_engines()


def _bury_event(ledger: Ledger) -> None:
    """An event among the dead letters as the broker leaves it, and a relay that sweeps when it starts."""
    deployment = ledger.deployment
    event = ledger.sent_beside(f"buried-{ledger.number}")
    message = event_message(dump_event(event), event, deployment.partitions)
    headers: dict[str, Any] = {**message.headers, REASON: DELIVERY_LIMIT_REASON, FIRST_EXCHANGE: EVENTS}
    buried = Message(DEAD, message.routing_key, message.body, message.message_id, headers)
    deployment.broker.publisher().publish(buried).result(30)
    relay = deployment.roles["relay"]
    relay.kill()
    relay.start()


SERVER_POINTS: Final[dict[str, Callable[[Ledger], None]]] = {
    "webhook verified": lambda ledger: None,
    "events valid": lambda ledger: None,
    "events published": lambda ledger: None,
    "events in the outbox": _cut_broker,
    "events accepted": lambda ledger: None,
    "batch received": lambda ledger: None,
    "batch written": lambda ledger: None,
    "batch committed": lambda ledger: None,
    "batch published": lambda ledger: None,
    "messages confirmed": lambda ledger: None,
    "messages deleted": lambda ledger: None,
    "batch settled": lambda ledger: None,
    "dead letters published": lambda ledger: ledger.poison.publish(f"poison-{ledger.number}-more"),
    "dead letters published again": _bury_event,
    "woken cases written": _let_time_pass,
    "woken cases committed": _let_time_pass,
    "woken cases published": _let_time_pass,
    "backfill committed": _change_rules,
    "outbox claimed": _cut_broker_shortly,
    "outbox published": _cut_broker_shortly,
}
"""Point -> what provokes it on RabbitMQ and PostgreSQL; the load reaches most of them."""

EMBEDDED_POINTS: Final = (
    "embedded messages written",
    "embedded settlements written",
    "batch written",
    "batch committed",
)
"""Points that a process of the embedded system reaches under load."""


def server_crashes(ledger: Ledger) -> Iterator[Crash]:
    """All crashes on RabbitMQ and PostgreSQL."""
    for point, provoke in SERVER_POINTS.items():
        yield Crash(ledger, point, provoke)


def embedded_crashes(ledger: Ledger) -> Iterator[Crash]:
    """All crashes of the embedded system, whose supervisor starts what has ended."""
    for point in EMBEDDED_POINTS:
        yield Crash(ledger, point)


@dataclass
class TreeKilled:
    """kill -9 of every process of the embedded system at once; it starts again."""

    deployment: Deployment
    name: str = "whole tree killed"
    touches: frozenset[str] = frozenset({"all"})
    hold_s: float = 0.0
    count: int = 0

    def inject(self) -> None:
        self.count = self.deployment.kill_tree()  # type: ignore[attr-defined]

    def prove(self) -> str:
        return expect(lambda: self.count > 4, f"{self.count} processes killed")

    def heal(self) -> None:
        self.deployment.restart(self.deployment.roles["up"])
