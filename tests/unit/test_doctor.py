"""The examination itself: bounds, independence, order, exit codes, and that it changes nothing."""

import json
import re
import threading
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.doctor import Finding, Line, Site, Status, by_severity, examine, summary
from signpost.doctor import examination as examined
from signpost.doctor.checks import BOUND_S, CHECKS, Check
from signpost.doctor.commands import Broker, Database
from signpost.doctor.finding import failed, ok, warning
from signpost.doctor.rights import ALL, GRANTS, ROLES, broker_needs, broker_patterns, database_rights, role_of
from signpost.errors import BugError
from signpost.messaging.topology import consumer_queue, dead_letter_queue
from signpost.settings import read_settings
from signpost.storage import StorageMisconfigured
from tests.support.installations import Installation, variables
from tests.support.rulebooks import FEW_RULES

ROOT = Path(__file__).parents[2]


def site(folder: Path) -> Site:
    return Site(read_settings(variables(folder)))


def with_checks(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(examined, "CHECKS", {check.name: check for check in checks})


def finds(*findings: Finding) -> Callable[[Site], Iterable[Finding]]:
    return lambda site: findings


def refused(site: Site) -> Iterable[Finding]:
    raise StorageMisconfigured("PostgreSQL refuses the connection: permission denied for table cases")


def broken(site: Site) -> Iterable[Finding]:
    raise BugError("a bug")


def odd(site: Site) -> Iterable[Finding]:
    raise ZeroDivisionError


def test_a_check_that_does_not_end_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()

    def frozen(site: Site) -> Iterable[Finding]:
        end.wait(60)
        return []

    slow = Check("slow", "", frozen, bound_s=0.05)
    with_checks(monkeypatch, slow, Check("next", "", finds(ok("fine"))), Check("after", "", finds(ok("no")), ("slow",)))
    lines = examine(site(tmp_path))
    end.set()
    assert [(line.check, line.finding.status) for line in lines] == [
        ("slow", Status.FAILED), ("after", Status.SKIPPED), ("next", Status.OK)
    ]  # fmt: skip
    assert "no answer within 0.05 s" in lines[0].finding.text
    assert lines[1].finding.text == "cannot be checked before this is mended: slow"


def test_an_error_of_a_check_is_a_finding_and_what_a_user_may_not_see_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_checks(monkeypatch, Check("a", "", broken), Check("b", "", odd), Check("c", "", refused))
    lines = {line.check: line.finding for line in examine(site(tmp_path))}
    assert {name: finding.status for name, finding in lines.items()} == {
        "a": Status.FAILED, "b": Status.FAILED, "c": Status.SKIPPED
    }  # fmt: skip
    assert "ZeroDivisionError" in lines["b"].text
    assert lines["b"].step


def test_a_skipped_check_names_what_failed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_checks(
        monkeypatch,
        Check("root", "", finds(failed("broken", "mend it"))),
        Check("middle", "", finds(ok("fine")), ("root",)),
        Check("leaf", "", finds(ok("fine")), ("middle",)),
    )
    found = {line.check: line.finding.text for line in examine(site(tmp_path), ["leaf"])}
    assert found["leaf"] == found["middle"] == "cannot be checked before this is mended: root"
    assert found["root"] == "broken"


def test_what_a_chosen_check_needs_is_shown_only_if_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_checks(
        monkeypatch, Check("root", "", finds(ok("fine"))), Check("leaf", "", finds(warning("hm", "mend")), ("root",))
    )
    assert [line.check for line in examine(site(tmp_path), ["leaf"])] == ["leaf"]


def test_the_worst_comes_first_and_the_rest_keeps_its_order() -> None:
    lines = [Line(str(number), Finding(status, "")) for number, status in enumerate([*reversed(Status), *Status])]
    assert [line.check for line in by_severity(lines)] == ["3", "4", "2", "5", "1", "6", "0", "7"]
    assert summary(lines) == "2 failed, 2 warnings, 2 skipped, 2 ok"
    assert summary(lines[:1]) == "1 ok"


@pytest.mark.parametrize(
    ("rules", "shows"), [("a: [", " checks it again. "), ("a: {}\nb: {}\n", " shows all 12 problems. ")]
)
def test_problems_of_the_rules_are_counted_if_there_are_several(rules: str, shows: str, tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "topic.yaml").write_text(rules)
    faulty = Site(read_settings({**variables(tmp_path), "SIGNPOST_RULES": f"{FEW_RULES}:{tmp_path}/house"}))
    found = [line.finding for line in examine(faulty, ["rules"]) if line.check == "rules"]
    assert found
    assert all(shows in finding.step for finding in found), found


def test_every_need_is_a_check_that_comes_before() -> None:
    names = list(CHECKS)
    for check in CHECKS.values():
        assert all(names.index(need) < names.index(check.name) for need in check.needs)


def run(folder: Path, *arguments: str, **more: str) -> Result:
    return CliRunner(env=variables(folder, **more)).invoke(main, ["doctor", *arguments])


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    made = Installation(tmp_path, variables(tmp_path))
    for command in ("db upgrade", "topology apply", "tenants add acme"):
        made.signpost(*command.split())
    return tmp_path


def test_warnings_end_with_0_failures_with_1_and_wrong_usage_with_2(ready: Path, tmp_path: Path) -> None:
    result = run(ready)
    assert result.exit_code == 0, result.output
    assert "or run `signpost up`, which starts all processes" in result.output.splitlines()[2]
    assert "warning  intake " in result.output.splitlines()[3]
    assert "run: signpost intake" in result.output
    assert result.output.splitlines()[-1].endswith(" ok")
    (ready / "tenants.yaml").unlink()
    assert run(ready).exit_code == 1
    assert run(ready, "--only", "topology").exit_code == 0
    wrong = run(ready, "--only", "topologie")
    assert wrong.exit_code == 2
    assert "did you mean topology?" in wrong.stderr


def test_settings_that_cannot_be_read_are_the_only_lines(tmp_path: Path) -> None:
    result = run(tmp_path, "--json", SIGNPOST_PORT="80", SIGNPOST_PARTITIONS="none")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert [line["command"] for line in document["checks"]] == ["unset SIGNPOST_PORT", "unset SIGNPOST_PARTITIONS"]
    assert document["summary"] == "2 failed"


def test_a_program_gets_each_line_with_its_command(ready: Path) -> None:
    (ready / "tenants.yaml").unlink()
    document = json.loads(run(ready, "--json", "--only", "tenants", "--only", "settings").stdout)
    assert document["checks"][0] == {
        "check": "tenants",
        "status": "failed",
        "found": f"there is no tenants file {ready / 'tenants.yaml'}",
        "command": "signpost tenants add demo",
        "step": "or another name than demo",
    }
    assert document["checks"][1]["check"] == "settings"


def test_the_bounds_are_shown(tmp_path: Path) -> None:
    lines = run(tmp_path, "--list").output.splitlines()
    assert len(lines) == len(CHECKS)
    assert f"within {BOUND_S:g} s" in lines[0]


def digests(folder: Path) -> dict[str, str]:
    # SQLite makes and removes files of its own beside a database that is open
    files = (file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(("-wal", "-shm")))
    return {str(file): sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("is_ready", [False, True])
def test_nothing_is_changed(is_ready: bool, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder: Path = request.getfixturevalue("ready") if is_ready else tmp_path
    before = digests(folder)
    run(folder)
    assert digests(folder) == before


def sql_rights(role: str) -> set[tuple[str, str, str]]:
    """The rights of a role in deploy/postgresql/grants.sql."""
    text = (ROOT / "deploy/postgresql/grants.sql").read_text()
    found = set()
    for privileges, tables, users in re.findall(r"^GRANT (.*) ON (.*) TO (.*);$", text, re.MULTILINE):
        if f"signpost_{role}" in users.split(", ") and "SEQUENCES" not in tables:
            for privilege, columns in re.findall(r"([A-Z]+)(?: \(([a-z_, ]+)\))?", privileges):
                found |= {(table, privilege, column) for table in tables.split(", ") for column in columns.split(", ")}
    return found


@pytest.mark.parametrize("role", GRANTS)
def test_the_rights_in_the_database_are_those_of_deploy(role: str) -> None:
    found = {tuple(right) for right in database_rights(role)}
    assert found == sql_rights(role), "change signpost/doctor/rights.py as you change deploy/postgresql/grants.sql"


@pytest.mark.parametrize("role", [*ROLES, ALL])
def test_the_patterns_that_are_printed_permit_what_a_role_needs(role: str) -> None:
    needs, (configure, write, read) = broker_needs(role, 2), broker_patterns(role)
    assert all(re.search(write, name) for name in needs.write)
    assert all(re.search(read, name) for name in needs.read)
    assert not needs.configure or re.search(configure, "signpost.dead")


def test_the_relay_may_read_dead_letters_of_consumers_and_not_their_queues() -> None:
    _, _, read = broker_patterns("relay")
    assert re.search(read, dead_letter_queue("notifier"))
    assert not re.search(read, consumer_queue("notifier"))


def test_workers_have_no_secrets_of_sources(ready: Path) -> None:
    file = ready / "tenants.yaml"
    file.write_text(file.read_text() + 'sources: {s: {tenant: acme, vendor: ashby, secrets: ["file:none"]}}')
    found = {
        role: json.loads(run(ready, "--only", "sources", "--role", role, "--json").stdout)["summary"]
        for role in ("intake", "relay")
    }
    assert found == {"intake": "1 failed", "relay": "1 skipped"}


def test_a_user_named_as_in_deploy_has_a_role() -> None:
    users = ("signpost_intake", "signpost-relay", "signpost", "intake", "guest", "signpost_other")
    assert [role_of(user) for user in users] == ["intake", "relay", ALL, ALL, ALL, ALL]


def test_names_in_commands_are_quoted() -> None:
    broker = Broker("amqp://a%20user:Sesame@mq.example/my%2Fvhost")
    assert broker.ctl("delete_queue", "q").endswith("--vhost my/vhost q")
    assert "'a user'" in broker.change_password()
    assert "Sesame" not in broker.create_vhost(ALL)
    create = Database("postgresql://o%22wner:Sesame@db.example:5433/my%20db").create()
    assert create.startswith("psql -h db.example -p 5433 -U postgres -d postgres")
    assert 'CREATE DATABASE "my db" OWNER "o""wner"' in create
