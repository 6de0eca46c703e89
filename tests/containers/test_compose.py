"""The compose file for real: builds the image, brings everything up, plays the demo, reads the advice off its RabbitMQ.

Needs Docker, or podman with podman-compose, and the base images; run by `make containers-test` only.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pika
import pytest

from tests.support.private_servers import free_port, wait_until

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[2]
NEEDED = (
    "Dockerfile", ".dockerignore", "docker-compose.yml", "pyproject.toml", "README.md", "requirements.lock",
    "requirements-build.lock", "requirements-durable-rules.lock", "deploy", "rules", "schemas", "services", "signpost",
    "workers",
)  # fmt: skip
PROCESSES = ("intake", "advisor", "clock", "relay")


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
        self.environ = {**os.environ, "INTAKE_PORT": str(free_port()), "RABBITMQ_PORT": str(self.rabbitmq_port)}
        self.run(sys.executable, "deploy/prepare.py")

    def run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=900, check=False
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def up(self, *services: str) -> None:
        """Podman 4.3 cannot start what depends on something that depends on something, so we keep to the order."""
        self.run(*self.compose, "-p", self.project, "up", "-d", "--no-deps", *services)

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

    def secret(self, name: str) -> str:
        lines = (self.folder / ".env").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)[name]


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Brought up in the order that the compose file states, which podman-compose does not wait for."""
    if not (shutil.which("docker") or shutil.which("podman-compose")):
        pytest.fail("needs docker, or podman with podman-compose")
    made = Deployment(tmp_path_factory.mktemp("compose"))
    made.run(made.engine, "build", "--network=host", "-t", "signpost:local", ".")
    try:
        made.up("rabbitmq", "postgres")
        for service in ("rabbitmq", "postgres"):
            wait_until(lambda service=service: made.is_healthy(service), f"{service} is healthy", 180)  # type: ignore[misc]
        made.up("migrate")
        made.run(made.engine, "wait", made.container("migrate"))
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
    """(channel, queue) of a consumer outside, through the published port."""
    login = pika.PlainCredentials("signpost", deployment.secret("RABBITMQ_PASSWORD"))
    where = pika.ConnectionParameters("127.0.0.1", deployment.rabbitmq_port, credentials=login)
    connection = pika.BlockingConnection(where)
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "signpost.advice", pattern)
    try:
        yield channel, queue
    finally:
        connection.close()


def test_the_demo_yields_its_advice_on_rabbitmq(deployment: Deployment) -> None:
    assert deployment.exit_code("migrate") == "exited 0"
    path = ROOT / "schemas/documents/generated/signpost.recommendation.v1.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    with bound(deployment, "*.candidate.#") as (channel, queue):
        environ = {**os.environ, "SIGNPOST_DATA_DIR": str(deployment.folder / "deploy/client")}
        played = subprocess.run(
            [sys.executable, str(ROOT / "examples/play.py")], env=environ, capture_output=True, text=True, check=False
        )
        assert played.returncode == 0, played.stdout + played.stderr + deployment.logs()
        told = []
        while (received := channel.basic_get(queue, auto_ack=True))[0]:
            told.append(json.loads(received[2]))
    assert {"ask-response-deadline", "withdraw-promptly", "give-notice"} <= {event["data"]["rule"] for event in told}
    for event in told:
        jsonschema.validate(event, contract)
    shown = [line for line in played.stdout.splitlines() if "[" in line and line.startswith("   ")]
    assert len(shown) >= len(told) >= 20


def test_processes_run_without_rights_and_without_a_compiler_of_ours(deployment: Deployment) -> None:
    def inside(*command: str) -> str:
        return deployment.run(deployment.engine, "exec", deployment.container("advisor"), *command)

    assert inside("id", "-u").strip() == "10001"
    assert inside("ls", "/opt").split() == ["signpost"]
    tools = inside("ls", "/opt/signpost/bin").split()
    assert "signpost" in tools
    assert not [name for name in tools if name.startswith(("pip", "gcc"))]
    script = "import importlib.util as u, sys; sys.exit(bool(u.find_spec('setuptools') or u.find_spec('hatchling')))"
    inside("/opt/signpost/bin/python", "-c", script)
    with pytest.raises(AssertionError, match="Read-only"):
        inside("touch", "/opt/signpost/x")


def test_every_process_stops_on_sigterm(deployment: Deployment) -> None:
    for service in PROCESSES:
        deployment.run(deployment.engine, "stop", "-t", "45", deployment.container(service))
        assert deployment.exit_code(service) == "exited 0"
