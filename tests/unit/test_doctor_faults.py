"""Faults of an embedded installation: the doctor names each, and what it prints mends it."""

import contextlib
import os
import resource
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.doctor import NAMES, Limits, Site, Status, check_broker, read_site_settings
from signpost.doctor.site import wall_clock
from signpost.messaging.message import EXCHANGE
from signpost.messaging.topology import ADVISOR, BULK, UNROUTED
from signpost.names import DEAD, EVENTS
from signpost.rulebook import load
from signpost.storage import head_revision, schema
from signpost.tenants.live_rulebooks import LiveEngines, kept_rules
from tests.support.certificates import Authority
from tests.support.installations import Installation, is_bad, variables
from tests.support.receivers import FAULTY, Receiver, World, change_of, endpoint, record
from tests.support.rulebooks import FEW_RULES
from tests.support.workers_kit import System, event, message

Inject = Callable[[Installation], None]
OF_SERVERS = ("broker-version", "broker-alarm", "broker-rights", "consumers")
OF_DATABASES = ("database-version", "database-clock", "database-rights")
SOURCE = 'sources:\n  greens: {tenant: acme, vendor: greenhouse, secrets: ["file:greens.secret"], employer: {id: g}}\n'


@dataclass(frozen=True)
class Fault:
    """`inject` breaks something; `undo` is what a person does where no command mends it."""

    check: str
    words: str
    inject: Inject
    undo: Inject | None = None
    status: Status = Status.FAILED


def write(installation: Installation, name: str, text: str, mode: int = 0o600) -> Path:
    file = installation.folder / name
    file.write_text(text)
    file.chmod(mode)
    return file


def setting(name: str, value: str) -> Inject:
    def inject(installation: Installation) -> None:
        installation.environ[name] = value

    return inject


def without(name: str) -> Inject:
    def undo(installation: Installation) -> None:
        del installation.environ[name]

    return undo


def option(name: str, value: object) -> Inject:
    def inject(installation: Installation) -> None:
        installation.options[name] = value

    return inject


def forget_options(installation: Installation) -> None:
    installation.options.clear()


def state_is_a_file(installation: Installation) -> None:
    write(installation, "state", "")


def few_files(installation: Installation) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    installation.stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))


def more_files(installation: Installation) -> None:
    """A shell has limits of its own: run the command there, and take over what it has then."""
    command = installation.worst("open-files").finding.command
    limit = int(os.popen(f"{command} && ulimit -S -n").read())
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def no_engine(installation: Installation) -> None:
    installation.environ["SIGNPOST_ENGINE"] = "durable_rules"
    patch = pytest.MonkeyPatch()
    installation.stack.callback(patch.undo)
    patch.setitem(sys.modules, "durable_rules_engine", None)


def expired_certificate(installation: Installation) -> None:
    file = Authority(installation.folder, "authority").file
    installation.environ["SIGNPOST_BROKER_URL"] = f"amqps://u@127.0.0.1:1/v?cacertfile={file}"
    installation.options["clock"] = lambda: wall_clock() + 3 * DAY


def ends_soon(installation: Installation) -> None:
    expired_certificate(installation)
    del installation.options["clock"]


def new_certificate(installation: Installation) -> None:
    installation.options = {"limits": Limits(certificate_days=1)}


def faulty_mapping(installation: Installation) -> None:
    (installation.folder / "vendors").mkdir()
    write(installation, "vendors/own.yaml", "title: Own\nevent: [\n")


def remove(name: str) -> Inject:
    return lambda installation: (installation.folder / name).unlink()


def removed(name: str) -> Inject:
    return lambda installation: (installation.folder / name).unlink()


def broken_tenants(installation: Installation) -> None:
    write(installation, "tenants.yaml.good", (installation.folder / "tenants.yaml").read_text())
    write(installation, "tenants.yaml", "tenants: {acme: {api_keys: 3}}\n")


def good_tenants(installation: Installation) -> None:
    (installation.folder / "tenants.yaml.good").replace(installation.folder / "tenants.yaml")


def source(secret: str | None, days: int = 0) -> Inject:
    """A source whose secret is missing, or has this text and age."""

    def inject(installation: Installation) -> None:
        file = installation.folder / "tenants.yaml"
        file.write_text(file.read_text() + SOURCE)
        if secret is not None:
            at = wall_clock() / SECOND - days * DAY / SECOND
            os.utime(write(installation, "greens.secret", secret), (at, at))

    return inject


def only_applications(installation: Installation) -> None:
    """A source whose vendor says nothing of offers."""
    source("a" * 20)(installation)
    file = installation.folder / "tenants.yaml"
    file.write_text(file.read_text().replace("vendor: greenhouse", "vendor: recruitee"))


def without_rules_of_offers(installation: Installation) -> None:
    """Name the rules as disabled, as the line says."""
    file = installation.folder / "tenants.yaml"
    rules = ", ".join(load(FEW_RULES).rules)
    file.write_text(file.read_text().replace("  acme:\n", f"  acme:\n    disabled: [{rules}]\n"))


def open_mode(installation: Installation) -> None:
    installation.folder.chmod(0o755)
    (installation.folder / "tenants.yaml").chmod(0o644)


def faulty_rules(installation: Installation) -> None:
    shutil.copytree(FEW_RULES, installation.folder / "rules")
    installation.environ["SIGNPOST_RULES"] = str(installation.folder / "rules")
    write(installation, "rules/more.yaml", "more:\n  about: offr\n")


def refused_rules(installation: Installation) -> None:
    """A process that runs refuses a change of its files."""
    faulty_rules(installation)
    good = (installation.folder / "rules/more.yaml").rename(installation.folder / "more.aside")
    engines = live(installation)
    good.rename(installation.folder / "rules/more.yaml")
    engines.reload_now()
    installation.processes["running"] = engines.reload_now


def live(installation: Installation) -> LiveEngines[object]:
    rules, tenants = installation.folder / "rules", installation.folder / "tenants.yaml"
    kept = kept_rules(installation.folder / "state", (rules,), tenants)
    return LiveEngines((rules,), tenants, lambda rulebook: rulebook, lambda seconds: None, lambda *paths: None, kept)


def corrected_rules(installation: Installation) -> None:
    (installation.folder / "rules/more.yaml").unlink()
    installation.processes["running"]()


def other_rulebook(installation: Installation) -> None:
    with contextlib.closing(installation.system().store) as store:
        store.announce_rulebooks(["other"], wall_clock(), as_newest=True)


def a_minute_later(installation: Installation) -> None:
    installation.options["clock"] = lambda: wall_clock() + 61 * SECOND


def no_database(installation: Installation) -> None:
    shutil.rmtree(installation.folder)
    installation.folder.mkdir()


def no_folder(installation: Installation) -> None:
    installation.environ["SIGNPOST_DATA_DIR"] = str(installation.folder / "new")


def not_a_database(installation: Installation) -> None:
    for file in installation.folder.glob("signpost.db*"):
        file.unlink()
    write(installation, "signpost.db", "no database, but longer than the header of one " * 20)


def statement(text: str) -> Inject:
    def inject(installation: Installation) -> None:
        with contextlib.closing(sqlite3.connect(installation.folder / "signpost.db")) as connection, connection:
            connection.executescript(text)

    return inject


def other_tables(installation: Installation) -> None:
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
    return lambda installation: statement(text)(installation)


@contextlib.contextmanager
def opened(installation: Installation) -> Iterator[System]:
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
    with opened(installation) as system:
        system.case_clock().step()
        system.processor().reevaluate(system.clock, 100)


def waiting_outbox(installation: Installation) -> None:
    with opened(installation) as system, system.store.transaction() as tx:
        sent = [message(event("offer.extended", offer="o-1"))]
        tx.enqueue(sent, tenant="acme", case_key="c-1", now=wall_clock() - HOUR, leased_until=0)
    installation.processes["relay"] = lambda: relay(installation)


def relay(installation: Installation) -> None:
    with opened(installation) as system:
        system.relay().step()


def disabled_endpoint(installation: Installation) -> None:
    with opened(installation) as system:
        system.store.endpoints.add(endpoint(), 1)
        system.store.endpoints.disable("acme", "ep_1", "no message was accepted for 3 days", wall_clock())


def failing_endpoint(installation: Installation) -> None:
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
    with opened(installation) as system:
        world = World(system.store, {"ep_1": Receiver()}, wall_clock() + later_us)
        world.deliverer().run(world, SECOND)


def renewed_queue(installation: Installation) -> None:
    """Do as the step says."""
    undone("DELETE FROM queue_queues WHERE name = 'signpost.dead'")(installation)
    installation.signpost("topology", "apply")


def dead_letter(installation: Installation) -> None:
    with opened(installation) as system:
        sent = message(event("offer.extended", offer="o-1"))
        system.send(replace(sent, exchange=DEAD, headers={**sent.headers, EXCHANGE: EVENTS}))


def unrouted(installation: Installation) -> None:
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


def other_partitions(installation: Installation) -> None:
    installation.environ["SIGNPOST_PARTITIONS"] = "2"


class Ready(BaseHTTPRequestHandler):
    """Answers /readyz like an intake."""

    def do_GET(self) -> None:
        report = b'{"status": "ok"}' if self.server.is_well else b'{"status": "degraded", "sources": "one is disabled"}'  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(report)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def intake(is_well: bool) -> Inject:
    def inject(installation: Installation) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
        server.is_well = is_well  # type: ignore[attr-defined]
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


WARNING = Status.WARNING
FAULTS = {
    "an unknown setting": Fault("settings", "SIGNPOST_PORT: no such setting", setting("SIGNPOST_PORT", "80")),
    "a misspelt setting": Fault("settings", "did you mean SIGNPOST_ENGINE", setting("SIGNPOST_ENGIN", "compiled")),
    "an invalid setting": Fault("settings", "must be a whole number", setting("SIGNPOST_PARTITIONS", "none")),
    "a file in place of a folder": Fault("folders", "state is no folder", state_is_a_file),
    "a full disk": Fault("disk", "writing fails soon", option("limits", Limits(free_failed=1 << 60)), forget_options),
    "a disk that is almost full": Fault(
        "disk", "MB are free", option("limits", Limits(free_warning=1 << 60)), forget_options, WARNING
    ),
    "few open files": Fault("open-files", "200 open files", few_files, more_files),
    "an engine that is not installed": Fault("engine", "cannot be imported", no_engine),
    "a default password on another machine": Fault(
        "secrets",
        "the default password of guest",
        setting("SIGNPOST_BROKER_URL", "amqp://guest:guest@mq.example/v"),
        without("SIGNPOST_BROKER_URL"),
    ),
    "the password of an example": Fault(
        "secrets",
        "SIGNPOST_BROKER_URL has the password of an example",
        setting("SIGNPOST_BROKER_URL", "amqp://USER:PASSWORD@mq.example/v"),
        without("SIGNPOST_BROKER_URL"),
    ),
    "a key that is none": Fault("secrets", "SIGNPOST_API_KEY is no API key", setting("SIGNPOST_API_KEY", "sp_x")),
    "an expired certificate": Fault("certificates", "expired 1 days ago", expired_certificate, new_certificate),
    "a certificate that ends soon": Fault("certificates", "expires in", ends_soon, new_certificate, WARNING),
    "a faulty mapping": Fault("vendors", "own.yaml is disabled", faulty_mapping, remove("vendors/own.yaml")),
    "no tenants file": Fault("tenants", "there is no tenants file", removed("tenants.yaml")),
    "a broken tenants file": Fault("tenants", "tenants.yaml:1:", broken_tenants, good_tenants),
    "a missing secret": Fault("sources", "source greens is disabled", source(None)),
    "a short secret": Fault("sources", "must have at least 16", source("short")),
    "a tenants file for everybody": Fault("private-files", "read by other accounts", open_mode, status=WARNING),
    "an expired secret": Fault("source-secrets", "500 days old", source("a" * 20, days=500), status=WARNING),
    "a secret of an example": Fault("source-secrets", "secret of an example", source("example-" * 3 + "secret")),
    "faulty rules": Fault("rules", "more.yaml:", faulty_rules, remove("rules/more.yaml")),
    "refused rules": Fault("refused-files", "a process refuses the rules", refused_rules, corrected_rules, WARNING),
    "rules without facts": Fault(
        "facts", "because none of its sources tells offer: ", only_applications, without_rules_of_offers, WARNING
    ),
    "another rulebook in force": Fault(
        "rules-in-force", "a process runs with rulebook other", other_rulebook, a_minute_later, WARNING
    ),
    "no database": Fault("database", "there is no database", no_database),
    "no folder for the database": Fault("database", "there is no database", no_folder),
    "no database at all": Fault("database", "is not an SQLite database", not_a_database),
    "no embedded queue": Fault("broker", "has no file", no_database),
    "no tables": Fault("migrations", "no tables of Signpost", other_tables),
    "an old migration": Fault("migrations", "this version needs", older_tables),
    "a newer database": Fault(
        "migrations",
        "of a newer version of Signpost",
        statement("UPDATE alembic_version SET version_num = '9999'"),
        lambda one: undone(f"UPDATE alembic_version SET version_num = '{head_revision()}'")(one),
    ),
    "a lost queue": Fault(
        "topology",
        "missing: queue signpost.dead, queue signpost.advice.unrouted, queue signpost.advisor",
        statement("DELETE FROM queue_queues"),
    ),
    "a lost binding": Fault("topology", "binding of signpost.advisor", statement("DELETE FROM queue_bindings")),
    "no queues at all": Fault(
        "topology", "missing: tables of the embedded queue", statement("DROP TABLE queue_messages")
    ),
    "other properties": Fault(
        "topology",
        "exists with other properties",
        statement("UPDATE queue_queues SET arguments = '{}' WHERE name = 'signpost.dead'"),
        renewed_queue,
    ),
    "events that nobody reads": Fault("queues", "signpost.advisor.bulk; 1 messages wait", unread_events),
    "dead letters": Fault("dead-letters", "1 dead letters in signpost.dead", dead_letter, status=WARNING),
    "no relay": Fault("outbox", "1 messages wait in the outbox", waiting_outbox),
    "an endpoint that is disabled": Fault(
        "endpoints", "ep_1 of tenant acme is disabled", disabled_endpoint, status=WARNING
    ),
    "an endpoint that fails": Fault(
        "endpoints", ": the receiver answered 500", failing_endpoint, lambda one: deliver(one, MINUTE), WARNING
    ),
    "no deliverer": Fault("endpoints", "no deliverer runs", unspread),
    "no clock": Fault("due-cases", "1 cases are due", due),
    "a clock that ran ahead": Fault("future-times", "in the future", ahead, status=WARNING),
    "no intake": Fault("intake", "no intake answers at", intake(is_well=True), status=WARNING),
    "an intake that is degraded": Fault(
        "intake", "sources: one is disabled", intake(is_well=False), lambda one: one.processes["intake"](), WARNING
    ),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation in which all is as it should be."""
    folder = tmp_path_factory.mktemp("template")
    made = Installation(folder, variables(folder))
    for command in ("db upgrade", "topology apply", "tenants add acme"):
        made.signpost(*command.split())
    return folder


@pytest.fixture
def installation(template: Path, tmp_path: Path) -> Installation:
    folder = tmp_path / "signpost"
    shutil.copytree(template, folder)
    return Installation(folder, variables(folder))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_what_is_printed_mends_it(installation: Installation, name: str) -> None:
    fault = FAULTS[name]
    with installation.stack:
        fault.inject(installation)
        found = installation.worst(fault.check)
        assert found.finding.status == fault.status, found
        assert fault.words in found.finding.text
        assert found.finding.command or found.finding.step
        if fault.undo is not None:
            fault.undo(installation)
        installation.mend(fault.check)
        assert not [line for line in installation.lines(fault.check) if is_bad(line)]


def test_advice_without_a_queue_is_no_fault_where_consumers_read_the_feed(installation: Installation) -> None:
    unrouted(installation)
    assert [line.finding.status for line in installation.lines("dead-letters")] == [Status.OK]


def test_advice_for_nobody_is_a_fault_where_consumers_have_queues(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    unrouted(installation)
    monkeypatch.setattr(Site, "is_rabbitmq", True)
    settings, _ = read_site_settings(installation.environ)
    assert settings is not None
    [found] = check_broker.dead_letters(Site(settings, installation.environ))
    assert (found.status, found.text.partition(" (")[0]) == (WARNING, "1 changes of advice match no consumer's pattern")


def test_there_are_faults_enough_and_each_check_of_an_embedded_installation_has_one() -> None:
    tried = {fault.check for fault in FAULTS.values()}
    assert len(FAULTS) >= 30
    assert set(NAMES) - tried == {*OF_SERVERS, *OF_DATABASES}
