"""What a newcomer meets first: mistakes are answered with what happened, where, and what to do; never a traceback."""

import errno
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.cli.failures import describe_error, exit_code, report_errors
from signpost.cli.rules.mutants import cache_folder
from signpost.cli.up import _check_rules, _print_ready
from signpost.ingress.vendors import VENDORS
from signpost.settings import SHIPPED_RULES, read_settings
from signpost.tenants.live_rulebooks import kept_rules
from tests.support.private_servers import free_port
from tests.support.rulebooks import FEW_RULES

ROOT = SHIPPED_RULES.parent
AWAY = "http://127.0.0.1:1"


def run(*arguments: str, data: Path, stdin: str = "", **environ: str) -> Result:
    """A command with a data folder and an address that nobody has; it fails here on any exception but SystemExit."""
    own = {"SIGNPOST_DATA_DIR": str(data), "SIGNPOST_HTTP_BIND": f"127.0.0.1:{free_port()}"}
    result = CliRunner(env=own | environ).invoke(main, arguments, input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"signpost {version('signpost')}\n"


@pytest.mark.parametrize("command", [("tail",), ("send", "-")])
def test_without_a_key_a_client_says_where_it_looked(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(*command, data=tmp_path / "elsewhere", stdin="{}", SIGNPOST_API_KEY="")
    assert result.exit_code == 2
    assert f"{tmp_path}/elsewhere/client.env does not exist" in result.stderr
    assert {"SIGNPOST_DATA_DIR", "SIGNPOST_API_KEY"} <= set(re.findall("SIGNPOST_[A-Z_]+", result.stderr))


@pytest.mark.parametrize(
    "command", [("sources", "add", "x", "--vendor", "lever"), ("sources", "list"), ("tenants", "list")]
)
def test_without_tenants_a_command_says_where_it_looked(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(*command, data=tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path}/tenants.yaml" in result.stderr
    assert "`signpost tenants add NAME`" in result.stderr
    assert "SIGNPOST_TENANTS" in result.stderr


def test_rules_in_another_folder_are_said_before_anything_starts(tmp_path: Path) -> None:
    result = run("up", data=tmp_path, SIGNPOST_RULES="ours:my-rules")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "/my-rules; start in the folder that has it, or correct SIGNPOST_RULES" in result.stderr
    assert not (tmp_path / "signpost.db").exists()


def test_rules_in_a_near_folder_are_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house").mkdir()
    for written in ("our:house", "ours:hous"):
        result = run("up", data=tmp_path, SIGNPOST_RULES=written)
        assert "or correct SIGNPOST_RULES (did you mean ours:house?)" in result.stderr


def test_problems_of_the_rules_are_listed_before_anything_starts(tmp_path: Path) -> None:
    rules = tmp_path / "house"
    rules.mkdir()
    (rules / "topic.yaml").write_text("my-rule: {about: nothing}\n")
    result = run("up", data=tmp_path, SIGNPOST_RULES=f"ours:{rules}")
    assert (result.exit_code, result.stdout) == (2, "")
    first, *problems = result.stderr.splitlines()
    assert first == "signpost: 6 problems in the rules; nothing was started. Correct the files and start again:"
    assert f"{rules}/topic.yaml:1:10: R011 the rule my-rule has no 'message'" in problems
    assert len(problems) == 6
    assert not (tmp_path / "signpost.db").exists()


def test_problems_of_the_tenants_file_are_listed_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("tenants: {demo: {api_key: []}}\n")
    for rules in ("ours", str(FEW_RULES)):
        result = run("up", data=tmp_path, SIGNPOST_TENANTS=str(file), SIGNPOST_RULES=rules)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{file}:1:18: R010 tenants.demo has no 'api_key' (did you mean api_keys?)" in result.stderr
    assert not (tmp_path / "signpost.db").exists()


def test_faulty_rules_of_which_a_valid_copy_is_kept_stop_no_start(tmp_path: Path) -> None:
    rules = tmp_path / "house"
    rules.mkdir()
    (rules / "topic.yaml").write_text("my-rule: {about: nothing}\n")
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_RULES": f"ours:{rules}"}
    chosen = read_settings(environ)
    kept_rules(chosen.state_dir, chosen.rules, chosen.tenants).keep({}, chosen.rules)
    _check_rules(chosen)


@pytest.mark.parametrize("command", [("settings",), ("up",), ("sources", "list")])
def test_an_exported_port_is_explained(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(*command, data=tmp_path, SIGNPOST_PORT="8080")
    assert result.exit_code == 2
    assert "SIGNPOST_PORT: no such setting; unset it; the port is part of SIGNPOST_HTTP_BIND" in result.stderr


@pytest.mark.parametrize("script", ["play.py", "send_greenhouse_offer.py"])
def test_the_examples_show_no_traceback(tmp_path: Path, script: str) -> None:
    for environ in ({"SIGNPOST_PORT": "8080"}, {"SIGNPOST_URL": AWAY, "SIGNPOST_DATA_DIR": str(tmp_path)}):
        done = subprocess.run(
            [sys.executable, str(ROOT / "examples" / script)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (1, 2), done.stderr
        assert done.stderr
        assert "Traceback" not in done.stderr


def test_compose_takes_no_variable_that_our_settings_would_refuse() -> None:
    compose, prepare = (
        (ROOT / file).read_text(encoding="utf-8") for file in ("docker-compose.yml", "deploy/prepare.py")
    )
    interpolated = re.findall(r"\$\{(\w+)", compose)
    assert "INTAKE_PORT" in interpolated
    assert not [name for name in interpolated if name.startswith("SIGNPOST_")]
    assert "SIGNPOST_PORT" not in prepare


@pytest.mark.parametrize(
    "command", [("up",), ("tenants", "add", "acme"), ("db", "upgrade"), ("topology", "apply"), ("sources", "list")]
)
def test_a_data_folder_out_of_reach_is_said_in_words(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("")
    result = run(*command, data=tmp_path / "file" / "data")
    assert result.exit_code == 2, result.output
    assert re.search("SIGNPOST_(DATA_DIR|TENANTS)", result.stderr)


def test_a_tenants_file_that_cannot_be_written_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    assert run("tenants", "add", "acme", data=tmp_path).exit_code == 0
    before = (tmp_path / "tenants.yaml").read_text()
    # In the way of the new file: as root, permissions alone would not be
    (tmp_path / ".tenants.yaml.new").mkdir()
    for command in (("tenants", "add", "other"), ("sources", "add", "greens", "--vendor", "greenhouse")):
        result = run(*command, data=tmp_path)
        assert result.exit_code == 2
        assert f"{tmp_path}/tenants.yaml cannot be written" in result.stderr
        assert "SIGNPOST_TENANTS" in result.stderr
    assert (tmp_path / "tenants.yaml").read_text() == before
    assert not list(tmp_path.glob("*.secret")), "no secret is left of a source that was not added"


def test_an_error_of_the_system_names_the_setting_of_its_file(tmp_path: Path) -> None:
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path / "data"), "SIGNPOST_TENANTS": str(tmp_path / "t.yaml")}
    read_only = OSError(errno.EROFS, "Read-only file system", str(tmp_path / "data" / "up.lock"))
    assert describe_error(read_only, environ) == (
        f"cannot use {tmp_path}/data/up.lock: Read-only file system; set SIGNPOST_DATA_DIR to another path"
    )
    assert "SIGNPOST_TENANTS" in describe_error(OSError(errno.EACCES, "x", str(tmp_path / "t.yaml")), environ)
    assert "check the path" in describe_error(OSError(errno.EACCES, "x", "/elsewhere"), environ)
    assert describe_error(OSError(errno.ENETDOWN, "Network is down"), environ).endswith("Network is down")
    assert (exit_code(read_only), exit_code(OSError(errno.ENOSPC, "full"))) == (2, 1)


def test_a_bug_keeps_its_traceback_and_a_closed_pipe_its_meaning() -> None:
    for kind in (ZeroDivisionError, BrokenPipeError):
        with pytest.raises(kind), report_errors():
            raise kind


def test_send_without_an_intake_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Time:
        """Passes only where it is waited for."""

        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    time = Time()
    monkeypatch.setattr("signpost.cli.send.time", time)
    result = run("send", "-", data=tmp_path, stdin='{"id": "1"}', SIGNPOST_URL=AWAY, SIGNPOST_API_KEY="sp_x")
    assert (result.exit_code, time.now) == (1, 30)
    waiting, failed = result.stderr.splitlines()
    assert waiting.startswith(f"retrying for up to 30 s: no intake answers at {AWAY}")
    assert failed.startswith(f"signpost: no intake answers at {AWAY}")
    assert "start it with `signpost up`, or set SIGNPOST_URL" in failed


def test_a_key_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    result = run("tail", data=tmp_path, SIGNPOST_API_KEY="schlüssel")
    assert (result.exit_code, "SIGNPOST_API_KEY: must be" in result.stderr) == (2, True)
    assert "schl" not in result.stderr


def test_the_help_of_sources_add_lists_every_vendor(tmp_path: Path) -> None:
    listed = run("sources", "add", "--help", data=tmp_path).stdout.partition("Vendors:")[2]
    assert {line.split()[0] for line in listed.splitlines() if line.strip()} == set(VENDORS)


def test_a_disabled_source_is_listed_with_its_problem(tmp_path: Path) -> None:
    assert run("tenants", "add", "acme", data=tmp_path).exit_code == 0
    assert run("sources", "add", "greens", "--vendor", "greenhouse", data=tmp_path).exit_code == 0
    with (tmp_path / "tenants.yaml").open("a") as file:
        file.write("  levers: {tenant: acme, vendor: levr, secrets: ['env:NOT_SET']}\n")
    result = run("sources", "list", data=tmp_path)
    assert re.search(r"greens .* active ", result.stdout)
    assert re.search(r"levers .* disabled ", result.stdout)
    place, _, problem = result.stdout.partition("levers is disabled: ")[2].partition(" ")
    assert place.startswith(f"{tmp_path}/tenants.yaml:"), "it says where"
    assert problem.startswith("R023 sources.levers.secrets[0]: env:NOT_SET is missing")
    assert "is disabled" in run("sources", "test", "levers", data=tmp_path).stderr
    assert run("sources", "add", "more", "--vendor", "ashby", data=tmp_path).exit_code == 0


def test_a_secret_that_its_vendor_cannot_use_is_not_added(tmp_path: Path) -> None:
    assert run("tenants", "add", "acme", data=tmp_path).exit_code == 0
    before = sorted(tmp_path.iterdir())
    for content in (b"not base64 of 24 bytes", b"\xff\xfe"):
        (tmp_path / "given").write_bytes(content)
        given = ("--secret-file", str(tmp_path / "given"))
        result = run("sources", "add", "own", "--vendor", "standard", *given, data=tmp_path)
        assert (result.exit_code, str(tmp_path / "given") in result.stderr) == (2, True)
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "given"])


def test_outcomes_of_mutants_are_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "signpost" / "mutants"
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path("/home/me/.cache/signpost/mutants")


def test_make_install_echoes_no_command_and_no_warning_of_pip() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("$(READY): ")[2].partition("\n\n")[0]
    lines = recipe.splitlines()[1:]
    assert len(lines) > 5
    assert [line for line in lines if not line.startswith("\t@")] == []
    assert "\nPIP := $(BIN)/python -m pip install -qq " in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("program", "command"),
    [
        (f"{ROOT}/signpost/__main__.py", "python -m signpost"),
        (f"{ROOT}/.venv/bin/signpost", ".venv/bin/signpost"),
    ],
)
def test_the_system_prints_commands_that_can_be_run(
    program: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "up"])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SIGNPOST_DATA_DIR", raising=False)
    monkeypatch.chdir(ROOT)
    _print_ready(read_settings({}), AWAY)
    said = capsys.readouterr().err
    assert f"\n  {command} tail --follow " in said
    lines = said.partition("In a second terminal:\n")[2].partition("\nCtrl-C")[0].splitlines()
    assert len(lines) == 3
    assert len({line.rindex("  ") for line in lines}) == 1, "the explanations stand below each other"
