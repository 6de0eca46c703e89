"""Faults and changes of the files: rules and tenants reloaded or faulty; another number of partitions."""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signpost.messaging import Bounds, advisor_queues, connect
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.tenants.model import hash_key
from tests.ledger.deployment import ServerDeployment
from tests.ledger.events import TENANTS_FILE
from tests.ledger.faults.base import Fault, expect
from tests.ledger.roles import Role


@dataclass
class FileChanged(Fault):
    """A file is replaced, and put back. `replace`: (before, after) in its text; `says`: what the logs then say."""

    file: Path = Path()
    replace: tuple[str, str] = ("", "")
    says: str = ""
    roles: tuple[str, ...] = ()

    def inject(self) -> None:
        self.before = self.file.read_text(encoding="utf-8")
        assert self.replace[0] in self.before
        self.marks = {name: self.deployment.roles[name].log_size() for name in self.roles}
        self._write(self.before.replace(*self.replace, 1))

    def _write(self, content: str) -> None:
        self.file.write_text(content, encoding="utf-8")
        for name in self.roles:
            if name != "intake":
                self.deployment.roles[name].signal(signal.SIGHUP)

    def prove(self) -> str:
        return expect(
            lambda: all(self.says in self.deployment.roles[name].log_since(mark) for name, mark in self.marks.items()),
            f"{', '.join(self.roles)} log: {self.says}",
            60,
        )

    def heal(self) -> None:
        self._write(self.before)


class RulesChanged(FileChanged):
    """Other rules are in force, and stay; the next time they change back."""

    def inject(self) -> None:
        if self.replace[0] not in self.file.read_text(encoding="utf-8"):
            self.replace = self.replace[::-1]
        super().inject()

    def heal(self) -> None:
        self.deployment.engines = self.deployment.load_engines()


class PartitionsChanged(Fault):
    """Another number of partitions: the new queues are declared, the old one is consumed, all processes start again."""

    def inject(self) -> None:
        deployment = self.deployment
        old, self.before = deployment.broker, deployment.partitions
        deployment.partitions = 5 - self.before
        queues = sorted({*advisor_queues(self.before)} - {*advisor_queues(deployment.partitions)})
        deployment.broker = connect(deployment.rabbit.url(), partitions=deployment.partitions, name="ledger")
        deployment.broker.apply_topology()
        expect(lambda: not any(old.queue_depth(queue) for queue in queues), "the old queues are empty", 60)
        deployment.restart_all()
        # What an advisor held when it ended is in its queue again
        while self._holds(queues):
            self._handle_rest(queues)
        with open_admin(deployment.rabbit.url(), Bounds(), "ledger") as admin:
            for queue in queues:
                admin.delete(queue)

    def _holds(self, queues: Sequence[str]) -> bool:
        """Whether a message is in these queues, or held by who reads them."""
        listed = self.deployment.rabbit.ctl("list_queues", "name", "messages").splitlines()
        return any(line.partition("\t")[0] in queues and not line.endswith("\t0") for line in listed)

    def _handle_rest(self, queues: Sequence[str]) -> None:
        """Run an advisor with the number of before until they are empty."""
        known = self.deployment.roles["advisor"]
        settings = {**known.environment, "SIGNPOST_PARTITIONS": str(self.before)}
        role = Role("advisor of before", known.command, settings, known.log.with_name("before.log"), known.ready)
        role.start()
        try:
            role.wait_ready()
            expect(lambda: not self._holds(queues), "the old queues are empty", 60)
            role.signal(signal.SIGTERM)
            expect(lambda: not role.runs, "the advisor of before ends", 60)
        finally:
            role.kill()

    def prove(self) -> str:
        queues = advisor_queues(self.deployment.partitions)
        return expect(lambda: set(queues) <= self._consumed(), f"advisors consume {len(queues)} queues")

    def _consumed(self) -> set[str]:
        listed = self.deployment.rabbit.ctl("list_queues", "name", "consumers").splitlines()
        return {line.split("\t")[0] for line in listed if not line.endswith("\t0")}


def file_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of files."""
    workers = tuple(name for name in deployment.roles if name not in ("intake", "relay", "deliverer"))
    rule = deployment.rules / "before-accepting.yaml"
    changed = ("Ask {{ employer }} how", "Please ask {{ employer }} how")
    touches = frozenset({"rules", *workers})
    yield RulesChanged(
        deployment, "rules changed", touches, file=rule, replace=changed, says="rulebook in force", roles=workers
    )
    yield FileChanged(
        deployment, "rules faulty", touches, file=rule, replace=("priority:", "priorit:"),
        says="change refused", roles=workers,
    )  # fmt: skip
    tenants = frozenset({"tenants", "intake", *workers})
    more = TENANTS_FILE.replace("sources:", f'  west: {{api_keys: ["{hash_key("sp_the_key_of_west")}"]}}\nsources:')
    yield FileChanged(
        deployment, "tenants changed", tenants, file=deployment.tenants, replace=(TENANTS_FILE, more),
        says="tenants in force", roles=("intake",),
    )  # fmt: skip
    yield FileChanged(
        deployment, "tenants faulty", tenants, file=deployment.tenants, replace=("tenants:", "tenant:"),
        says="change refused", roles=("intake",),
    )  # fmt: skip
    yield PartitionsChanged(deployment, "partitions changed", frozenset({"all"}), may_pair=False)
