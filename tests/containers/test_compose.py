"""The compose file for real: builds the image, brings everything up, plays the demo, reads the advice off its RabbitMQ.

Needs Docker, or podman with podman-compose, and the base images; run by `make containers-test` only.
"""

import contextlib
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pika
import pytest
import yaml

from tests.support.private_servers import free_port, wait_until

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[2]
NEEDED = (
    "Dockerfile", ".dockerignore", "docker-compose.yml", "pyproject.toml", "README.md", "requirements.lock",
    "requirements-build.lock", "requirements-durable-rules.lock", "deploy", "rules", "schemas", "services", "signpost",
    "workers",
)  # fmt: skip
PROCESSES = ("intake", "advisor", "clock", "relay")
ONE_SHOTS = ("roles", "migrate", "grants")
IMAGES = dict(re.findall(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
"""Variable -> the image that the compose file names, by digest."""
CONSUMER = "notifier"


class Deployment:
    """The compose file in a copy of the project, under a name and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "client"))
            else:
                shutil.copy(ROOT / name, folder / name)
        docker = shutil.which("docker") and _succeeds("docker", "info")
        self.engine = "docker" if docker else "podman"
        self.compose = ("docker", "compose") if docker else ("podman-compose",)
        self.project = f"signpost-test-{os.getpid()}"
        self.rabbitmq_port = free_port()
        ports = {"INTAKE_PORT": str(free_port()), "RABBITMQ_PORT": str(self.rabbitmq_port)}
        self.environ = {**os.environ, **ports, **self.stand_ins()}
        self.run(sys.executable, "deploy/prepare.py")

    def stand_ins(self) -> dict[str, str]:
        """Variable -> image without its digest, for local images that stand in for the public ones."""
        tags = {variable: image.partition("@")[0] for variable, image in IMAGES.items()}
        return {variable: tag for variable, tag in tags.items() if _succeeds(self.engine, "image", "inspect", tag)}

    def run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=900, check=False
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def up(self, *services: str) -> None:
        """Podman 4.3 cannot start what depends on something that depends on something, so we keep to the order."""
        files = ("-f", "docker-compose.yml", "-f", "deploy/compose.broker.yml")
        self.run(*self.compose, *files, "-p", self.project, "up", "-d", "--no-deps", *services)

    def down(self) -> None:
        self.run(*self.compose, "-p", self.project, "down", "-v", check=False)

    def container(self, service: str) -> str:
        names = self.run(self.engine, "ps", "-a", "--format", "{{.Names}}").split()
        return next(name for name in names if name.startswith(self.project) and name.rstrip("_-1").endswith(service))

    def is_healthy(self, service: str) -> bool:
        """By its own health check; podman without systemd runs none unless asked."""
        container = self.container(service)
        if self.engine == "podman":
            return _succeeds("podman", "healthcheck", "run", container)
        return self.run("docker", "inspect", "--format", "{{.State.Health.Status}}", container).strip() == "healthy"

    def exit_code(self, service: str) -> str:
        shown = self.run(
            self.engine, "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", self.container(service)
        )
        return shown.strip()

    def logs(self) -> str:
        return self.run(*self.compose, "-p", self.project, "logs", check=False)[-6_000:]

    def inspect(self, service: str) -> dict[str, Any]:
        [found] = json.loads(self.run(self.engine, "inspect", self.container(service)))
        assert isinstance(found, dict)
        return found

    def inside(self, service: str, *command: str) -> str:
        return self.run(self.engine, "exec", self.container(service), *command)

    def add_consumer(self, name: str, pattern: str, password: str) -> None:
        """As docs/operating.md says: register it, then run in the broker's container what the command prints."""
        printed = self.run(
            *self.compose, "-p", self.project, "run", "--rm", "--no-deps", "--entrypoint", "signpost", "migrate",
            "consumers", "add", name, "--bind", pattern, "--user", name,
        )  # fmt: skip
        commands = [shlex.split(line) for line in printed.splitlines() if line.strip().startswith("rabbitmqctl")]
        assert len(commands) == 3, printed
        for command in commands:
            self.inside("rabbitmq", *command, *([password] if "add_user" in command else []))


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Brought up in the order that the compose file states, which podman-compose does not wait for."""
    if not (shutil.which("docker") or shutil.which("podman-compose")):
        pytest.fail("needs docker, or podman with podman-compose")
    made = Deployment(tmp_path_factory.mktemp("compose"))
    python = made.environ.get("PYTHON_IMAGE", IMAGES["PYTHON_IMAGE"])
    made.run(
        made.engine, "build", "--network=host", "--build-arg", f"PYTHON_IMAGE={python}", "-t", "signpost:local", "."
    )
    try:
        made.up("rabbitmq", "postgres")
        for service in ("rabbitmq", "postgres"):
            wait_until(lambda service=service: made.is_healthy(service), f"{service} is healthy", 180)  # type: ignore[misc]
        for service in ONE_SHOTS:
            made.up(service)
            made.run(made.engine, "wait", made.container(service))
            assert made.exit_code(service) == "exited 0", made.logs()
        made.up(*PROCESSES)
        for service in PROCESSES:
            wait_until(lambda service=service: made.is_healthy(service), f"{service} is healthy", 180)  # type: ignore[misc]
        yield made
    except TimeoutError:
        print(made.logs())
        raise
    finally:
        made.down()


@contextlib.contextmanager
def bound(deployment: Deployment, pattern: str) -> Iterator[Any]:
    """(channel, queue) of a consumer outside with a user of its own, through deploy/compose.broker.yml."""
    password = secrets.token_hex(16)
    deployment.add_consumer(CONSUMER, pattern, password)
    login = pika.PlainCredentials(CONSUMER, password)
    where = pika.ConnectionParameters("127.0.0.1", deployment.rabbitmq_port, credentials=login)
    connection = pika.BlockingConnection(where)
    channel = connection.channel()
    try:
        yield channel, f"signpost.consumer.{CONSUMER}"
    finally:
        connection.close()


def test_the_demo_yields_its_advice_on_rabbitmq(deployment: Deployment) -> None:
    path = ROOT / "schemas/documents/generated/signpost.recommendation.v1.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    with bound(deployment, "*.candidate.#") as (channel, queue):
        environ = {**os.environ, "SIGNPOST_DATA_DIR": str(deployment.folder / "deploy/client")}
        played = subprocess.run(
            [sys.executable, str(ROOT / "examples/play.py")], env=environ, capture_output=True, text=True, check=False
        )
        assert played.returncode == 0, played.stdout + played.stderr + deployment.logs()
        emitted = []
        while (received := channel.basic_get(queue, auto_ack=True))[0]:
            emitted.append(json.loads(received[2]))
    assert {"ask-response-deadline", "withdraw-promptly", "give-notice"} <= {event["data"]["rule"] for event in emitted}
    for event in emitted:
        jsonschema.validate(event, contract)
    shown = [line for line in played.stdout.splitlines() if "[" in line and line.startswith("   ")]
    assert len(shown) >= len(emitted) >= 20


def test_processes_run_without_rights_and_without_a_compiler_of_ours(deployment: Deployment) -> None:
    def inside(*command: str) -> str:
        return deployment.inside("advisor", *command)

    assert inside("id", "-u").strip() == "10001"
    assert inside("ls", "/opt").split() == ["signpost"]
    tools = inside("ls", "/opt/signpost/bin").split()
    assert "signpost" in tools
    assert not [name for name in tools if name.startswith(("pip", "gcc"))]
    script = "import importlib.util as u, sys; sys.exit(bool(u.find_spec('setuptools') or u.find_spec('hatchling')))"
    inside("/opt/signpost/bin/python", "-c", script)
    with pytest.raises(AssertionError, match="Read-only"):
        inside("touch", "/opt/signpost/x")


@pytest.mark.parametrize("service", ["rabbitmq", "postgres", *PROCESSES])
def test_every_container_is_limited(deployment: Deployment, service: str) -> None:
    host = deployment.inspect(service)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["NanoCpus"] or host["CpuQuota"]
    assert any("no-new-privileges" in option for option in host["SecurityOpt"])
    status = dict(line.split(":", 1) for line in deployment.inside(service, "cat", "/proc/1/status").splitlines())
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["CapEff"], 16) == 0, "process 1 has capabilities"
    if service != "postgres":
        assert int(status["CapBnd"], 16) == 0
        assert deployment.inside(service, "id", "-u").strip() != "0"


def test_only_the_intake_is_published(deployment: Deployment) -> None:
    for service in ("postgres", *PROCESSES):
        listed = deployment.inspect(service)["HostConfig"]["PortBindings"] or {}
        # Podman also lists what the image exposes and nobody publishes
        ports = {port: bindings for port, bindings in listed.items() if bindings}
        assert set(ports) == ({"8080/tcp"} if service == "intake" else set())
        assert {bound["HostIp"] for bindings in ports.values() for bound in bindings} <= {"127.0.0.1"}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["intake"]


@pytest.mark.parametrize("service", PROCESSES)
def test_a_process_sees_its_own_secrets_only(deployment: Deployment, service: str) -> None:
    files = set(deployment.inside(service, "ls", "/run/secrets").split())
    more = {"demo_api_key_hash", "greenhouse_demo_secret", "webhooks_demo_secret"} if service == "intake" else set()
    assert files == {f"{service}_database_url", f"{service}_broker_url"} | more
    environment = deployment.inside(service, "env")
    for file in files:
        assert (deployment.folder / "deploy/secrets" / file).read_text().strip() not in environment


USE = """
import sys
from pathlib import Path
from signpost.messaging import connect
import psycopg
database, broker = (Path(f"/run/secrets/{sys.argv[1]}_{part}_url").read_text() for part in ("database", "broker"))
actions = (
    lambda: psycopg.connect(database.strip()).execute(sys.argv[2]),
    lambda: connect(broker.strip()).get(sys.argv[3], 1),
)
for action in actions:
    try:
        action()
        print("allowed")
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("service", "table"),
    [("intake", "consumers"), ("intake", "seen_events"), ("advisor", "buckets"), ("clock", "seen_events"),
     ("relay", "cases"), ("relay", "deliveries")],
)  # fmt: skip
def test_a_process_has_the_rights_of_its_role_only(deployment: Deployment, service: str, table: str) -> None:
    queue = "signpost.dead" if service == "advisor" else "signpost.advisor"
    answer = deployment.inside(service, "python", "-c", USE, service, f"SELECT * FROM {table}", queue)
    database, broker = answer.strip().splitlines()
    assert database.startswith("InsufficientPrivilege"), answer
    assert "ACCESS_REFUSED" in broker, answer
    assert "access to queue" in broker, answer
    answer = deployment.inside(service, "python", "-c", USE, service, "SELECT * FROM alembic_version", queue)
    assert answer.startswith("allowed"), answer


def test_every_process_stops_on_sigterm(deployment: Deployment) -> None:
    for service in PROCESSES:
        deployment.run(deployment.engine, "stop", "-t", "45", deployment.container(service))
        assert deployment.exit_code(service) == "exited 0"
