"""The compose file as a text: what every service must have, and that .env.example has every setting. No container."""

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from signpost.doctor.rights import ROLES, broker_patterns
from signpost.settings import NAMES, TABLE, read_settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service["image"] == "signpost:local"}
IMAGE = dict(re.findall(r"(SIGNPOST_[A-Z_]+)=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8")))
"""Settings of the image."""
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
EACH_SERVICE = pytest.mark.parametrize("name", SERVICES)


def sources(service: dict[str, Any]) -> Iterator[str]:
    """The host's folders that a service mounts."""
    for volume in service.get("volumes", ()):
        source = re.sub(r"^\$\{CONFIG_FOLDER[^}]*\}", "./deploy/config", volume).partition(":")[0]
        if source.startswith("."):
            yield source


def secrets_of(name: str) -> list[str]:
    return [one if isinstance(one, str) else one["source"] for one in SERVICES[name].get("secrets", ())]


@EACH_SERVICE
def test_every_service_is_hardened_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert {"mem_limit", "cpus", "pids_limit", "restart", "healthcheck"} <= set(service)
    assert "privileged" not in service
    assert "network_mode" not in service
    # The image of Signpost has a user of its own; PostgreSQL becomes its own
    assert name in OURS | {"postgres"} or service["user"] in {"postgres", "rabbitmq", "nobody", "grafana"}
    assert service.get("init", False) is (name in OURS)


@EACH_SERVICE
def test_no_service_needs_a_shell(name: str) -> None:
    service = SERVICES[name]
    for part in ("entrypoint", "command"):
        assert isinstance(service.get(part, []), list)
        assert not {"sh", "bash", "-c"} & set(service.get(part, []))
    assert service["healthcheck"].get("test", ["CMD"])[0] == "CMD"


def test_only_the_intake_is_published_and_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert {name for name in published if "profiles" not in SERVICES[name]} == {"intake"}
    assert set(published) == {"intake", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_every_image_is_pinned() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"signpost:local"}
    images.add(SERVICES["migrate"]["build"]["args"]["PYTHON_IMAGE"])
    for image in images:
        assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[a-z/]+:v?\d+\.\d+[^}@]*(@sha256:[0-9a-f]{64})?\}", image), image
    # The Dockerfile alone builds what compose builds
    assert re.search(r"PYTHON_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text("utf-8"))[1] in TEXT  # type: ignore[index]


@EACH_SERVICE
def test_its_secrets_and_folders_are_there_once_prepared(name: str, tmp_path: Path) -> None:
    prepared = prepare(tmp_path)
    for file in [COMPOSE["secrets"][one]["file"] for one in secrets_of(name)] + list(sources(SERVICES[name])):
        assert (prepared / file).exists() or (ROOT / file).exists(), file


def test_every_secret_is_used() -> None:
    assert {one for name in SERVICES for one in secrets_of(name)} == set(COMPOSE["secrets"])


def prepare(folder: Path) -> Path:
    """A folder in which deploy/prepare.py has run."""
    for name in ("deploy/prepare.py", "deploy/rabbitmq/definitions.json", ".env.example"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "deploy/templates").symlink_to(ROOT / "deploy/templates")
    assert runpy.run_path(str(folder / "deploy/prepare.py"))["main"]() == 0
    return folder


def test_preparing_again_adds_what_is_missing_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_PORT", "8181")
    folder = prepare(tmp_path)
    files = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    for name in ("demo_api_key", "postgres_service"):
        (folder / "deploy/secrets" / name).unlink()
    prepare_again = runpy.run_path(str(folder / "deploy/prepare.py"))["main"]
    capsys.readouterr()
    assert prepare_again() == 0
    assert capsys.readouterr().out.count("created") == 2
    assert prepare_again() == 0
    assert "nothing changed" in capsys.readouterr().out
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == files
    assert "\nINTAKE_PORT=8181\n" in (folder / ".env").read_text()
    assert "\nCONFIG_FOLDER=./deploy/config\n" in (folder / ".env").read_text()
    (folder / ".env").write_text("SIGNPOST_QUESTIONS=on\nINTAKE_PORT=8282\n")
    assert prepare_again() == 0
    assert (folder / ".env").read_text().startswith("SIGNPOST_QUESTIONS=on\nINTAKE_PORT=8282\n")


def test_a_right_that_is_new_reaches_the_broker_of_an_old_installation(tmp_path: Path) -> None:
    folder = prepare(tmp_path)
    file = folder / "deploy/secrets/rabbitmq_definitions.json"
    wanted = file.read_text()
    file.unlink()
    file.write_text(wanted.replace("advice|agenda|questions", "advice|questions"))
    assert file.read_text() != wanted
    runpy.run_path(str(folder / "deploy/prepare.py"))["main"]()
    assert json.loads(file.read_text()) == json.loads(wanted)


def test_the_users_of_the_broker_have_the_rights_of_their_role() -> None:
    definitions = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text(encoding="utf-8"))
    rights = {one["user"]: (one["configure"], one["write"], one["read"]) for one in definitions["permissions"]}
    assert rights == {f"signpost-{role}": broker_patterns(role) for role in ROLES if role != "deliverer"}


def test_without_preparation_compose_says_what_to_run() -> None:
    [message] = re.findall(r"\$\{CONFIG_FOLDER:\?([^}]+)\}", TEXT)
    assert "run python3 deploy/prepare.py first" in message
    assert "\n#CONFIG_FOLDER=" in EXAMPLE


def example_lines() -> Iterator[str]:
    """What .env.example says of each setting but the secrets: its meaning, and its value in a container."""
    values = {"data_dir": IMAGE["SIGNPOST_DATA_DIR"]}
    for variable, name in NAMES.items():
        values[name] = IMAGE.get(variable) or TABLE[name].default.format(**values, embedded_queue="")
        if not TABLE[name].secret:
            yield f"# {TABLE[name].help}\n#{variable}={values[name]}\n"


def test_the_example_has_every_setting() -> None:
    wanted = "".join(example_lines())
    [shown] = re.findall(r"^# -- Settings of Signpost --\n(.*)", EXAMPLE, re.MULTILINE | re.DOTALL)
    assert shown == wanted, f"write this below `-- Settings of Signpost --` in .env.example:\n{wanted}"
    secret = {variable for variable, name in NAMES.items() if TABLE[name].secret}
    assert secret <= set(re.findall(r"SIGNPOST_[A-Z_]+", EXAMPLE.removesuffix(shown)))


def test_the_example_has_every_variable_of_compose() -> None:
    broker = (ROOT / "deploy/compose.broker.yml").read_text(encoding="utf-8")
    for variable, default in re.findall(r"\$\{(\w+):-([^}]+)\}", TEXT + broker):
        assert f"\n#{variable}={default}\n" in EXAMPLE, variable


def test_every_setting_of_the_example_reaches_the_processes_and_is_valid() -> None:
    for name in OURS:
        assert SERVICES[name]["env_file"] == [{"path": ".env", "required": False}]
        fixed = [one for one in SERVICES[name].get("environment", {}) if not one.endswith("_FILE")]
        assert fixed in ([], ["SIGNPOST_URL"], ["SIGNPOST_URL", "SIGNPOST_DATA_DIR"])
    given = dict(re.findall(r"^#(SIGNPOST_[A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    servers = {"SIGNPOST_DATABASE_URL": "postgresql://u@h/d", "SIGNPOST_BROKER_URL": "amqp://h"}
    assert read_settings(given | servers) == read_settings(IMAGE | servers)
