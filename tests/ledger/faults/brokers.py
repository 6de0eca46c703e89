"""Faults of RabbitMQ: killed, frozen, connections closed, alarms, full queues, lost exchanges and bindings."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pika import BlockingConnection, URLParameters

from signpost.messaging import Bounds
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.names import ADVICE, EVENTS
from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults.base import Fault, expect
from tests.ledger.recorders import declare_queues
from tests.ledger.roles import Role
from tests.support.private_servers import listens

FOREIGN = "ledger.foreign"
ALARMS = "rabbit_alarm:get_alarms()."


class BrokerFault(Fault):
    """A fault of the node."""

    @property
    def rabbit(self) -> Any:
        """The node."""
        return self.deployment.rabbit

    def logs_since(self, marks: dict[str, int]) -> str:
        """What all processes have logged since."""
        return "".join(self.deployment.roles[name].log_since(mark) for name, mark in marks.items())

    def marks(self) -> dict[str, int]:
        """Where all logs end."""
        return {name: role.log_size() for name, role in self.deployment.roles.items()}


class BrokerKilled(BrokerFault):
    """kill -9 of the node; it starts with its data."""

    def inject(self) -> None:
        self.rabbit.kill()

    def prove(self) -> str:
        return expect(lambda: not listens("127.0.0.1", self.rabbit.port), "nothing listens")

    def heal(self) -> None:
        if not listens("127.0.0.1", self.rabbit.port):
            self.rabbit.start()


class BrokerFrozen(BrokerFault):
    """Every process of the node stopped."""

    def inject(self) -> None:
        self.rabbit.signal(signal.SIGSTOP)

    def prove(self) -> str:
        stat = Path(f"/proc/{self.rabbit.pid}/stat")
        return expect(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "the node is in state T")

    def heal(self) -> None:
        self.rabbit.signal(signal.SIGCONT)


class ConnectionsClosed(BrokerFault):
    """The broker closes every connection, of consumers too."""

    def inject(self) -> None:
        self.before = self.deployment.amqp.connections
        self.rabbit.ctl("close_all_connections", "-p", "/", "ledger")

    def prove(self) -> str:
        return expect(lambda: self.deployment.amqp.connections > self.before, "the processes open other connections")


@dataclass
class Alarm(BrokerFault):
    """The broker blocks publishers for its own sake."""

    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    says: str = ""

    def inject(self) -> None:
        self.rabbit.ctl(*self.on)

    def prove(self) -> str:
        return expect(lambda: self.says in self.rabbit.ctl("eval", ALARMS), f"the node has the alarm {self.says}")

    def heal(self) -> None:
        self.rabbit.ctl(*self.off)
        expect(lambda: self.says not in self.rabbit.ctl("eval", ALARMS), "the alarm is over")


class QueueFull(BrokerFault):
    """The advisors' queue takes no event, because the advisors are gone and it may hold only three."""

    def inject(self) -> None:
        self.rabbit.ctl("set_policy", "ledger", r"^signpost\.advisor$", '{"max-length": 3}', "--apply-to", "queues")
        for role in self._advisors():
            role.kill()

    def _advisors(self) -> list[Role]:
        return [role for name, role in self.deployment.roles.items() if name.startswith("advisor")]

    def prove(self) -> str:
        return expect(lambda: self.deployment.books.outbox_depth() > 0, "events are refused and wait in the outbox")

    def heal(self) -> None:
        self.rabbit.ctl("clear_policy", "ledger")
        for role in self._advisors():
            role.start()
        for role in self._advisors():
            role.wait_ready()


class ForeignQueueFull(BrokerFault):
    """A consumer's queue of its own making holds one message and refuses all others."""

    def inject(self) -> None:
        self.seen = self.marks()
        connection = BlockingConnection(URLParameters(self.rabbit.url()))
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel = connection.channel()
        channel.queue_declare(FOREIGN, durable=True, arguments=arguments)
        channel.queue_bind(FOREIGN, ADVICE, "#")
        connection.close()

    def prove(self) -> str:
        return expect(lambda: "messages not confirmed" in self.logs_since(self.seen), "changes are refused")

    def heal(self) -> None:
        with open_admin(self.rabbit.url(), Bounds(), "ledger") as admin:
            admin.delete(FOREIGN)


@dataclass
class ExchangeLost(BrokerFault):
    """An exchange is deleted with all its bindings; `signpost topology apply` and the consumers declare them again."""

    exchange: str = ""

    def inject(self) -> None:
        connection = BlockingConnection(URLParameters(self.rabbit.url()))
        connection.channel().exchange_delete(self.exchange)
        connection.close()

    def prove(self) -> str:
        found = "\n".join(self.deployment.broker.check_topology())
        return expect(lambda: f"exchange {self.exchange}: is missing" in found, f"{self.exchange} is missing")

    def heal(self) -> None:
        self.deployment.broker.apply_topology()
        declare_queues(self.rabbit.url())


def broker_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of the broker."""
    touches = frozenset({"broker"})
    advisors = frozenset(name for name in deployment.roles if name.startswith("advisor"))
    yield BrokerKilled(deployment, "broker killed", touches)
    yield BrokerFrozen(deployment, "broker frozen", touches, hold_s=4.0)
    yield ConnectionsClosed(deployment, "broker closes connections", touches)
    memory = ("set_vm_memory_high_watermark", "0.00001"), ("set_vm_memory_high_watermark", "0.4")
    yield Alarm(deployment, "broker memory alarm", touches, on=memory[0], off=memory[1], says="memory", hold_s=3.0)
    disk = ("set_disk_free_limit", "999000000000000"), ("set_disk_free_limit", "1MB")
    yield Alarm(deployment, "broker disk alarm", touches, on=disk[0], off=disk[1], says="disk", hold_s=3.0)
    yield QueueFull(deployment, "broker queue full", touches | advisors)
    yield ForeignQueueFull(deployment, "broker consumer queue full", touches)
    for exchange in (EVENTS, ADVICE):
        yield ExchangeLost(deployment, f"broker loses {exchange}", touches, exchange=exchange)
