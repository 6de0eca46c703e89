"""Faults of an installation's database, queue and processes, and what a person does about them."""

import contextlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signpost.case.instant import HOUR, SECOND
from signpost.doctor.site import wall_clock
from signpost.messaging.message import EXCHANGE
from signpost.messaging.topology import ADVISOR, BULK, UNROUTED
from signpost.names import DEAD, EVENTS
from signpost.storage import schema
from tests.support.installation_faults import Inject, write
from tests.support.installations import Installation
from tests.support.receivers import FAULTY, Receiver, World, change_of, endpoint, record
from tests.support.workers_kit import System, event, message


def no_database(installation: Installation) -> None:
    """Empty the folder."""
    shutil.rmtree(installation.folder)
    installation.folder.mkdir()


def no_folder(installation: Installation) -> None:
    """Name a folder that is not there."""
    installation.environ["SIGNPOST_DATA_DIR"] = str(installation.folder / "new")


def not_a_database(installation: Installation) -> None:
    """Put a file of text in place of the database."""
    for file in installation.folder.glob("signpost.db*"):
        file.unlink()
    write(installation, "signpost.db", "no database, but longer than the header of one " * 20)


def statement(text: str) -> Inject:
    """SQL that is run in the database."""

    def inject(installation: Installation) -> None:
        with contextlib.closing(sqlite3.connect(installation.folder / "signpost.db")) as connection, connection:
            connection.executescript(text)

    return inject


def other_tables(installation: Installation) -> None:
    """Put a database of another program in place of ours."""
    for file in installation.folder.glob("signpost.db*"):
        file.unlink()
    statement("CREATE TABLE others (id INTEGER)")(installation)


def older_tables(installation: Installation) -> None:
    """As the version before the last migration left them."""
    from alembic import command
    from sqlalchemy import create_engine

    config = schema._config()
    with create_engine(f"sqlite:///{installation.folder / 'signpost.db'}").begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")


def undone(text: str) -> Inject:
    """SQL that undoes a statement."""
    return lambda installation: statement(text)(installation)


@contextlib.contextmanager
def opened(installation: Installation) -> Iterator[System]:
    """Provide the system of an installation."""
    system = installation.system()
    try:
        yield system
    finally:
        system.broker.close()
        system.store.close()


def due(installation: Installation) -> None:
    """A case that was due an hour ago."""
    with opened(installation) as system:
        system.handle(event("offer.extended", offer="o-1"))
    undone(f"UPDATE cases SET next_change = {wall_clock() - HOUR}")(installation)
    installation.processes["clock"] = lambda: tick(installation)


def ahead(installation: Installation) -> None:
    """A case that a machine with a clock ahead of ours has evaluated."""
    due(installation)
    undone(f"UPDATE cases SET next_change = NULL, updated = {wall_clock() + HOUR}")(installation)


def tick(installation: Installation) -> None:
    """Let the clock work once."""
    with opened(installation) as system:
        system.case_clock().step()
        system.processor().reevaluate(system.clock, 100)


def waiting_outbox(installation: Installation) -> None:
    """Keep a message that is an hour old."""
    with opened(installation) as system, system.store.transaction() as tx:
        sent = [message(event("offer.extended", offer="o-1"))]
        tx.enqueue(sent, tenant="acme", case_key="c-1", now=wall_clock() - HOUR, leased_until=0)
    installation.processes["relay"] = lambda: relay(installation)


def relay(installation: Installation) -> None:
    """Let the relay work once."""
    with opened(installation) as system:
        system.relay().step()


def disabled_endpoint(installation: Installation) -> None:
    """Disable an endpoint for its failures."""
    with opened(installation) as system:
        system.store.endpoints.add(endpoint(), 1)
        system.store.endpoints.disable("acme", "ep_1", "no message was accepted for 3 days", wall_clock())


def failing_endpoint(installation: Installation) -> None:
    """Let the receiver of an endpoint answer 500."""
    with opened(installation) as system:
        system.store.endpoints.add(endpoint(), 1)
        record(system.store, change_of("r-1", 1, "raised"), now=wall_clock())
        world = World(system.store, {"ep_1": Receiver(lambda _now: FAULTY)}, wall_clock())
        world.deliverer().run(world, SECOND)


def unspread(installation: Installation) -> None:
    """Messages for an endpoint that are an hour old."""
    with opened(installation) as system:
        system.store.endpoints.add(endpoint(), 1)
        record(system.store, change_of("r-1", 1, "raised"), now=wall_clock() - HOUR)
    installation.processes["deliverer"] = lambda: deliver(installation)


def deliver(installation: Installation, later_us: int = 0) -> None:
    """Let the deliverer work, so much later."""
    with opened(installation) as system:
        world = World(system.store, {"ep_1": Receiver()}, wall_clock() + later_us)
        world.deliverer().run(world, SECOND)


def renewed_queue(installation: Installation) -> None:
    """Do as the step says."""
    undone("DELETE FROM queue_queues WHERE name = 'signpost.dead'")(installation)
    installation.signpost("topology", "apply")


def dead_letter(installation: Installation) -> None:
    """Park an event."""
    with opened(installation) as system:
        sent = message(event("offer.extended", offer="o-1"))
        system.send(replace(sent, exchange=DEAD, headers={**sent.headers, EXCHANGE: EVENTS}))


def unrouted(installation: Installation) -> None:
    """Publish advice for nobody."""
    with opened(installation) as system:
        system.send(replace(message(event("offer.extended", offer="o-1")), exchange=UNROUTED))


def unread_events(installation: Installation) -> None:
    """No advisor runs, until one is started."""
    with opened(installation) as system:
        system.send(event("offer.extended", offer="o-1"))

    def advisor() -> None:
        broker = installation.stack.enter_context(contextlib.closing(installation.system().broker))
        for queue in (ADVISOR, BULK):
            broker.consumer(queue, 1)

    installation.processes["advisor"] = advisor


class Ready(BaseHTTPRequestHandler):
    """Answers /readyz like an intake."""

    def do_GET(self) -> None:
        """Say whether the server is well."""
        report = {"status": "ok"} if self.server.is_well else {"status": "degraded", **self.server.parts}  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(report).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def intake(is_well: bool, parts: Mapping[str, str] = {"sources": "one is disabled"}) -> Inject:
    """An intake that has stopped, or one that runs and is degraded: the names of its `parts`, each with its state."""

    def inject(installation: Installation) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
        server.is_well, server.parts = is_well, parts  # type: ignore[attr-defined]
        installation.stack.callback(server.server_close)

        def start() -> None:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            installation.stack.callback(server.shutdown)
            server.is_well = not server.is_well or is_well  # type: ignore[attr-defined]
            installation.environ["SIGNPOST_URL"] = f"http://127.0.0.1:{server.server_port}"

        installation.processes["intake"] = start
        if not is_well:
            start()
            server.is_well = False  # type: ignore[attr-defined]

    return inject
