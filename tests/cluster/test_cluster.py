"""`make cluster-test`: the flow runs on a RabbitMQ cluster of three nodes while one after the other is killed."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from signpost.case.instant import DAY, format_instant
from signpost.messaging import Bounds, Outcome, Settlement, connect
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.messaging.topology import consumer_queue, consumer_topology
from signpost.storage import open_store
from tests.support.intake_parts import NORTH_KEY, tenants_in
from tests.support.intake_process import EVENT, running
from tests.support.private_servers import PrivateRabbitMQ, wait_until
from tests.support.proxy import Proxy
from tests.support.rulebooks import FEW_RULES
from tests.support.workers_processes import WorkerProcess, kill_afterwards

pytestmark = pytest.mark.cluster

NODES = 3
PAUSE_S = 0.05
YESTERDAY = format_instant(time.time_ns() // 1000 - DAY)
"""The offer is fresh: advice on old facts has ended."""
BEFORE_S = 3.0
"""Load before and after each fault."""


class Node(PrivateRabbitMQ):
    """A node that knows the others by a shared cookie."""

    def __init__(self, cookie: Path) -> None:
        super().__init__()
        self.adopt(cookie)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """Three nodes of one cluster."""
    cookie = tmp_path_factory.mktemp("cookie") / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(20).upper())
    with ExitStack() as stack:
        started = [stack.enter_context(Node(cookie)) for _ in range(NODES)]
        for node in started[1:]:
            node.ctl("stop_app")
            node.ctl("join_cluster", started[0].node)
            node.ctl("start_app")
        print(started[0].ctl("cluster_status"))
        yield started


@contextmanager
def balanced(nodes: list[Node]) -> Iterator[Proxy]:
    """An address of the cluster, as a load balancer gives it."""
    with Proxy("127.0.0.1", nodes[0].port) as proxy:
        yield proxy


class Load:
    """Sends an event of another candidate every PAUSE_S, and remembers those that were accepted."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.accepted: set[str] = set()
        self.refused = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {NORTH_KEY}"}
        with httpx.Client(base_url=self._address, headers=headers, timeout=60) as client:
            number = 0
            while not self._stop.wait(PAUSE_S):
                number += 1
                subject = f"c-{number}"
                event = {**EVENT, "id": f"e-{number}", "subject": subject, "time": YESTERDAY}
                answer = client.post("/v1/events", content=json.dumps(event))
                if answer.status_code == 202:
                    self.accepted.add(subject)
                else:
                    self.refused += 1

    def goes_on(self) -> None:
        """Wait until more was accepted."""
        time.sleep(BEFORE_S)
        count = len(self.accepted)
        wait_until(lambda: len(self.accepted) > count + 10, "events are accepted")


def replace(proxy: Proxy, nodes: list[Node], dead: int) -> None:
    """Kill a node; the balancer goes to the next one, and the node comes back."""
    nodes[dead].kill()
    proxy.redirect("127.0.0.1", nodes[(dead + 1) % NODES].port)


def test_nothing_is_lost_while_each_node_is_killed_in_turn(
    nodes: list[Node], postgres_url: str, tmp_path: Path
) -> None:
    tenants_in(tmp_path)
    with ExitStack() as stack:
        proxy = stack.enter_context(balanced(nodes))
        url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F"
        broker = connect(url)
        stack.callback(broker.close)
        broker.apply_topology()
        with open_admin(url, Bounds(), "test") as admin:
            admin.apply(consumer_topology("notifier", ["#"]))
        members = nodes[0].ctl("list_queues", "name", "members").splitlines()
        assert all(line.count("signpost-") == NODES for line in members if line.startswith("signpost.")), members
        settings = {"rules": str(FEW_RULES), "engine": "compiled"}
        workers = [WorkerProcess(role, tmp_path, postgres_url, url, **settings) for role in ("advisor", "relay")]
        stack.enter_context(kill_afterwards(*workers))
        servers = {"SIGNPOST_DATABASE_URL": postgres_url, "SIGNPOST_BROKER_URL": url}
        address, _ = stack.enter_context(running(tmp_path, **servers))
        consumer = broker.consumer(consumer_queue("notifier"), 100)
        with Load(address) as load:
            for dead in range(NODES):
                load.goes_on()
                replace(proxy, nodes, dead)
                load.goes_on()
                nodes[dead].start()
        seen: set[str] = set()

        def all_arrived() -> bool:
            deliveries = consumer.receive(100, 1.0)
            seen.update(orjson.loads(each.body)["subject"] for each in deliveries)
            consumer.settle([Settlement(each, Outcome.DONE) for each in deliveries], 0)
            return load.accepted <= seen

        wait_until(all_arrived, "the advice on every accepted event arrives")
        with open_store(postgres_url) as store:
            assert all(store.case("north", subject) for subject in load.accepted)
        assert broker.queue_depth("signpost.dead") == 0
        print(f"{len(load.accepted)} events accepted, {load.refused} refused, all of the accepted took effect")
