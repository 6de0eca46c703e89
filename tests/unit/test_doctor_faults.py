"""Faults of an embedded installation: the doctor names each, and what it prints mends it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from signpost.case.instant import MINUTE
from signpost.doctor import NAMES, Limits, Site, Status, check_broker, read_site_settings
from signpost.storage import head_revision
from tests.support.installation_faults import (
    Inject,
    a_minute_later,
    broken_tenants,
    ends_soon,
    expired_certificate,
    faulty_mapping,
    faulty_rules,
    few_files,
    forget_options,
    good_tenants,
    more_files,
    new_certificate,
    no_engine,
    only_applications,
    open_mode,
    option,
    other_rulebook,
    read_again,
    refused_rules,
    remove,
    removed,
    setting,
    source,
    state_is_a_file,
    without,
    without_rules_of_offers,
    write,
)
from tests.support.installations import Installation, is_bad, variables
from tests.support.system_faults import (
    ahead,
    dead_letter,
    deliver,
    disabled_endpoint,
    due,
    failing_endpoint,
    intake,
    no_database,
    no_folder,
    not_a_database,
    older_tables,
    other_tables,
    renewed_queue,
    statement,
    undone,
    unread_events,
    unrouted,
    unspread,
    waiting_outbox,
)

OF_SERVERS = ("broker-version", "broker-alarm", "broker-rights", "consumers")
OF_DATABASES = ("database-version", "database-clock", "database-rights")


@dataclass(frozen=True)
class Fault:
    """`inject` breaks something; `undo` is what a person does where no command mends it."""

    check: str
    words: str
    inject: Inject
    undo: Inject | None = None
    status: Status = Status.FAILED


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
    "refused rules": Fault("refused-files", "a process refuses the rules", refused_rules, read_again, WARNING),
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


def test_a_fault_of_own_fields_is_one_of_the_rules_alone(installation: Installation, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "fields.yaml").write_text("fields: {offer: {shift: {type: chioce, visible_to: employer}}}\n")
    installation.environ["SIGNPOST_RULES"] = f"ours:{own}"
    [rules] = installation.lines("rules")
    assert (rules.finding.status, "fields.yaml:1:32: R013" in rules.finding.text) == (Status.FAILED, True)
    [tenants] = installation.lines("tenants")
    assert (tenants.finding.status, "see `rules`" in tenants.finding.text) == (Status.SKIPPED, True)


def test_one_faulty_rule_is_one_finding_where_processes_and_intake_refuse_it_too(installation: Installation) -> None:
    with installation.stack:
        refused_rules(installation)
        write(installation, "rules/more.yaml", "more:\n  about: offr\n")
        intake(is_well=False, parts={"rules": "a change is refused"})(installation)
        found = {name: installation.worst(name).finding.status for name in ("rules", "refused-files", "intake")}
    assert found == {"rules": Status.FAILED, "refused-files": Status.SKIPPED, "intake": Status.OK}


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
