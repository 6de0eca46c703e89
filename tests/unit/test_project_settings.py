"""Settings: typed, all problems at once, unknown names refused, secrets from files and never shown."""

import subprocess
from pathlib import Path

import pytest

from signpost.cli.first_run import leave_for_clients
from signpost.setting_kinds import mask_passwords
from signpost.settings import NAMES, SHIPPED_RULES, Settings, read_settings, show_settings
from signpost.settings_reader import SettingsError


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    return caught.value.problems


def test_an_empty_environment_is_an_embedded_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    assert settings.database_url == settings.broker_url == "sqlite:///.signpost/signpost.db"
    assert settings.tenants == Path(".signpost/tenants.yaml")
    assert settings.http_bind == ("127.0.0.1", 8080)
    assert (settings.rules[0] / "back-out.yaml").exists() or settings.rules[0].is_dir()


def test_what_depends_on_the_data_folder_follows_it() -> None:
    settings = read_settings({"SIGNPOST_DATA_DIR": "/srv/{odd}"})
    assert settings.database_url == "sqlite:////srv/{odd}/signpost.db"
    assert settings.tenants == Path("/srv/{odd}/tenants.yaml")


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        {
            "SIGNPOST_PARTITION": "2",
            "SIGNPOST_PARTITIONS": "0",
            "SIGNPOST_HTTP_BIND": "8080",
            "SIGNPOST_PUBLISH_TIMEOUT": "nan",
            "SIGNPOST_ENGINE": "clips",
            "SIGNPOST_DATABASE_URL": "mysql://h/db",
        }
    )
    assert [problem.partition(":")[0] for problem in found] == [
        "SIGNPOST_PARTITION",
        "SIGNPOST_DATABASE_URL",
        "SIGNPOST_ENGINE",
        "SIGNPOST_PARTITIONS",
        "SIGNPOST_HTTP_BIND",
        "SIGNPOST_PUBLISH_TIMEOUT",
    ]
    assert "did you mean SIGNPOST_PARTITIONS?" in found[0]


def test_a_port_that_is_too_large_is_said_to_be() -> None:
    (problem,) = problems({"SIGNPOST_HTTP_BIND": "127.0.0.1:184311"})
    assert problem == "SIGNPOST_HTTP_BIND: the port must be at most 65535 (is '127.0.0.1:184311')"
    for url in ("http://127.0.0.1:65536", "http://[::1]:123456/x", "https://u:1@h:99999"):
        assert problems({"SIGNPOST_URL": url})[0].startswith("SIGNPOST_URL: the port must be at most 65535")
    for url in ("http://127.0.0.1:65535", "http://[::1]", "https://u:99999@h"):
        assert read_settings({"SIGNPOST_URL": url}).url == url
    assert "must be HOST:PORT" in problems({"SIGNPOST_HTTP_BIND": "127.0.0.1:80x"})[0]


def test_variables_of_tests_and_of_others_are_left_alone() -> None:
    read_settings({"SIGNPOST_TEST_POSTGRES": "x", "PATH": "y", "SIGNPOSTING": "z"})


def test_a_database_server_needs_a_broker() -> None:
    (problem,) = problems({"SIGNPOST_DATABASE_URL": "postgresql://h/db"})
    assert problem.startswith("SIGNPOST_BROKER_URL: must be set, because PostgreSQL has no embedded queue")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://data/signpost.db", "sqlite:signpost.db"])
def test_an_address_without_a_file_is_refused_before_something_else_is_opened(url: str) -> None:
    for name in ("SIGNPOST_DATABASE_URL", "SIGNPOST_BROKER_URL"):
        assert f"{name}: must be" in "\n".join(problems({name: url}))


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:p@h/db\n")
    environ = {"SIGNPOST_DATABASE_URL_FILE": str(file), "SIGNPOST_BROKER_URL": "amqp://h"}
    assert read_settings(environ).database_url == "postgresql://u:p@h/db"
    assert "keep one" in problems({**environ, "SIGNPOST_DATABASE_URL": "sqlite:///x"})[0]
    assert "cannot read" in problems({"SIGNPOST_API_KEY_FILE": str(tmp_path / "none")})[0]
    assert "no such setting" in problems({"SIGNPOST_ENGINE_FILE": str(file)})[0]


def test_nothing_printed_shows_a_secret() -> None:
    environ = {
        "SIGNPOST_DATABASE_URL": "postgresql://u:hush1@h/db?sslpassword=hush2",
        "SIGNPOST_BROKER_URL": "amqp://u:hush3@x@h/v",
        "SIGNPOST_API_KEY": "hush4",
    }
    shown = {one.name: one for one in show_settings(environ)}
    assert set(shown) == set(NAMES)
    assert shown["SIGNPOST_DATABASE_URL"].value == "postgresql://u:********@h/db?sslpassword=********"
    assert shown["SIGNPOST_API_KEY"].value == "********"
    assert shown["SIGNPOST_API_KEY"].origin == "environment"
    assert "hush" not in f"{shown} {read_settings(environ)!r}"
    assert "hush" not in str(problems({"SIGNPOST_DATABASE_URL": "mysql://u:hush@h"}))


@pytest.mark.parametrize("plain", ["http://h:80/x", "a@b", "sqlite:///x/y.db", "amqp://u@h/v", "12:30 @home"])
def test_what_holds_no_password_is_shown_as_it_is(plain: str) -> None:
    assert mask_passwords(plain) == plain


def test_clients_take_what_a_running_system_left_them_last(tmp_path: Path) -> None:
    (tmp_path / "client.env").write_text(
        "# mine\nSIGNPOST_API_KEY=sp_1\nSIGNPOST_URL=http://h:1\nSIGNPOST_ENGINE=compiled\n"
    )
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path)}
    settings = read_settings(environ)
    assert (settings.api_key, settings.url, settings.engine) == ("sp_1", "http://h:1", "auto")
    assert read_settings({**environ, "SIGNPOST_URL": "https://x/"}).url == "https://x"


@pytest.mark.parametrize(
    ("given", "twice"),
    [("ours:mine:./mine", "mine"), ("ours:ours", "ours twice; ./ours is a folder of your own"), ("a:b:a", "a")],
)
def test_a_folder_of_rules_that_is_named_twice_is_refused(given: str, twice: str) -> None:
    [found] = problems({"SIGNPOST_RULES": given})
    assert found.startswith(f"SIGNPOST_RULES: names the folder {twice}")
    assert read_settings({"SIGNPOST_RULES": "ours:./ours"}).rules == (SHIPPED_RULES, Path("ours"))


@pytest.mark.parametrize("given", ["ours,mine", "ours, mine"])
def test_commas_between_folders_of_rules_are_told(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problems({"SIGNPOST_RULES": given}) == [f"SIGNPOST_RULES: separate folders by `:`: ours:mine (is {given!r})"]
    (tmp_path / "a,b").mkdir()
    assert read_settings({"SIGNPOST_RULES": "ours:a,b"}).rules == (SHIPPED_RULES, Path("a,b"))


@pytest.mark.parametrize("folder", ["house", "my house", "it's"])
def test_commands_in_the_folder_read_the_files_that_the_running_system_reads(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"SIGNPOST_DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    chosen = {**data, "SIGNPOST_RULES": f"ours:{folder}", "SIGNPOST_TENANTS": "t.yaml"}
    leave_for_clients(read_settings(chosen), "http://h:1", chosen)
    monkeypatch.chdir("/")
    settings = read_settings(data)
    assert (settings.rules, settings.tenants) == ((SHIPPED_RULES, tmp_path / folder), tmp_path / "t.yaml")
    assert settings.url == "http://h:1"
    assert read_settings({**data, "SIGNPOST_RULES": "ours"}).rules == (SHIPPED_RULES,), "a variable wins"
    assert read_settings(data, client_file=False).rules == (SHIPPED_RULES,), "the next system starts on its own files"
    sourced = ["bash", "-c", '. data/client.env; printf %s "$SIGNPOST_RULES"']
    assert subprocess.check_output(sourced, cwd=tmp_path, text=True) == f"ours:{tmp_path}/{folder}"


def test_a_system_on_the_usual_files_forgets_those_of_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "client.env"
    file.write_text("SIGNPOST_RULES=ours:/old\nSIGNPOST_API_KEY=sp_1\nSIGNPOST_URL=http://h:1\n")
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path)}
    leave_for_clients(read_settings(environ, client_file=False), "http://h:2", environ)
    assert file.read_text() == "SIGNPOST_URL=http://h:2\nSIGNPOST_API_KEY=sp_1\n"


@pytest.mark.parametrize("name", ["a\nSIGNPOST_URL=http://evil", "\udcff"])
def test_a_name_that_no_line_can_hold_is_not_left(name: str, tmp_path: Path) -> None:
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_TENANTS": name}
    leave_for_clients(read_settings(environ), "http://h:2", environ)
    assert (tmp_path / "client.env").read_text() == "SIGNPOST_URL=http://h:2\n"


def test_every_setting_is_explained() -> None:
    assert all(len(one.help) > 10 for one in show_settings({}))
    assert {f"SIGNPOST_{name.upper()}" for name in Settings.__annotations__} == set(NAMES)
