"""A deployment of docker-compose.yml under test, brought up in the order that the file states."""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika

from tests.support.private_servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
NEEDED = (
    "Dockerfile", ".dockerignore", ".env.example", "docker-compose.yml", "pyproject.toml", "README.md",
    "requirements.lock", "requirements-build.lock", "requirements-durable-rules.lock", "requirements-otel.lock",
    "deploy", "examples", "rules", "schemas", "services", "signpost", "workers",
)  # fmt: skip
LEFT_OUT = shutil.ignore_patterns("__pycache__", "client", "config", "secrets", "node_modules")
PROCESSES = ("intake", "advisor", "clock", "relay", "deliverer")
SERVERS = ("rabbitmq", "postgres")
ONE_SHOTS = ("roles", "migrate", "topology", "grants")
IMAGES = dict(re.findall(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
"""Variable -> the image that the compose file names, by digest."""
HEALTHY_S = 180


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0


class Deployment:
    """The compose file in a copy of the project, under a name and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._began = folder, time.monotonic()
        for name in NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT if name in ("deploy", "examples") else None)
            else:
                shutil.copy(ROOT / name, folder / name)
        docker = shutil.which("docker") and succeeds("docker", "info")
        self.engine = "docker" if docker else "podman"
        self.compose = ("docker", "compose") if docker else ("podman-compose",)
        self.project = f"signpost-test-{os.getpid()}"
        self.rabbitmq_port = free_port()
        ports = {"INTAKE_PORT": str(free_port()), "RABBITMQ_PORT": str(self.rabbitmq_port)}
        self.environ = {**os.environ, **ports, **self.stand_ins()}
        self.run(sys.executable, "deploy/prepare.py")

    @property
    def config(self) -> Path:
        """What the operator edits."""
        return self.folder / "deploy/config"

    def client(self) -> httpx.Client:
        """Of the demo tenant, through the published port."""
        text = (self.folder / "deploy/client/client.env").read_text(encoding="utf-8")
        values = dict(line.split("=", 1) for line in text.splitlines())
        headers = {"Authorization": f"Bearer {values['SIGNPOST_API_KEY']}"}
        # A restarted container leaves connections behind that nobody answers
        return httpx.Client(base_url=values["SIGNPOST_URL"], headers=headers, timeout=10)

    def say(self, text: str) -> None:
        """Progress, which `make containers-test` shows."""
        print(f"\n  [{time.monotonic() - self._began:5.0f} s] {text}", end="", flush=True)

    def stand_ins(self) -> dict[str, str]:
        """Variable -> image without its digest, for local images that stand in for the public ones."""
        tags = {variable: image.partition("@")[0] for variable, image in IMAGES.items()}
        return {variable: tag for variable, tag in tags.items() if succeeds(self.engine, "image", "inspect", tag)}

    def run(self, *command: str, check: bool = True, timeout_s: float = 900) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def build(self) -> None:
        python = self.environ.get("PYTHON_IMAGE", IMAGES["PYTHON_IMAGE"])
        arguments = ("--network=host", "--build-arg", f"PYTHON_IMAGE={python}", "-t", "signpost:local", ".")
        # Downloads and compiles; a storage driver without overlays copies the image for each step
        self.run(self.engine, "build", *arguments, timeout_s=3600)

    def up(self, *services: str) -> None:
        """Podman 4.3 cannot start what depends on something that depends on something, so we keep to the order."""
        files = ("-f", "docker-compose.yml", "-f", "deploy/compose.broker.yml")
        self.run(*self.compose, *files, "-p", self.project, "up", "-d", "--no-deps", *services)

    def up_in_order(self) -> None:
        """Everything, in the order that the compose file states, which podman-compose does not wait for."""
        self.up(*SERVERS)
        self.wait_until_healthy(*SERVERS)
        for service in ONE_SHOTS:
            self.up(service)
            self.run(self.engine, "wait", self.container(service))
            assert self.exit_code(service) == "exited 0", self.logs()
        self.up(*PROCESSES)
        self.wait_until_healthy(*PROCESSES)

    def wait_until_healthy(self, *services: str) -> None:
        for service in services:
            wait_until(lambda service=service: self.is_healthy(service), f"{service} is healthy", HEALTHY_S)  # type: ignore[misc]
        self.say(f"healthy: {', '.join(services)}")

    def down(self, *options: str) -> None:
        # podman-compose knows nothing of containers beyond the first of a service
        for service in PROCESSES:
            for scaled in self.containers(service)[1:]:
                self.run(self.engine, "rm", "-f", scaled, check=False)
        self.run(*self.compose, "--profile", "observe", "-p", self.project, "down", *options, check=False)

    def containers(self, service: str) -> list[str]:
        names = self.run(self.engine, "ps", "-a", "--format", "{{.Names}}").split()
        return sorted(name for name in names if re.fullmatch(rf"{self.project}[_-]{service}[_-]\d+", name))

    def container(self, service: str) -> str:
        return self.containers(service)[0]

    def is_healthy(self, service: str) -> bool:
        """By the health checks of its containers; podman without systemd runs none unless asked."""
        for container in self.containers(service):
            if self.engine == "podman":
                healthy = succeeds("podman", "healthcheck", "run", container)
            else:
                status = self.run("docker", "inspect", "--format", "{{.State.Health.Status}}", container)
                healthy = status.strip() == "healthy"
            if not healthy:
                return False
        return True

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

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        return self.run(self.engine, "exec", self.container(service), *command, check=check)

    def administer(self, *command: str) -> str:
        """A command of Signpost with the rights of the migrations, as docs/operating.md says."""
        return self.run(*self.compose, "-p", self.project, "run", "--rm", "-T", "--no-deps", "migrate", *command)

    def add_consumer(self, name: str, pattern: str) -> str:
        """As docs/operating.md says: register it, then run in the broker's container what the command prints. Returns
        the password of its user."""
        password = secrets.token_hex(16)
        printed = self.administer("consumers", "add", name, "--bind", pattern, "--user", name)
        commands = [shlex.split(line) for line in printed.splitlines() if line.strip().startswith("rabbitmqctl")]
        assert len(commands) == 3, printed
        for command in commands:
            self.inside("rabbitmq", *command, *([password] if "add_user" in command else []))
        return password

    def consume(self, name: str, password: str) -> Iterator[dict[str, Any]]:
        """The messages that wait for a consumer, which reads them with its own user through compose.broker.yml."""
        login = pika.PlainCredentials(name, password)
        where = pika.ConnectionParameters("127.0.0.1", self.rabbitmq_port, credentials=login)
        with pika.BlockingConnection(where) as connection:
            channel = connection.channel()
            while (received := channel.basic_get(f"signpost.consumer.{name}", auto_ack=True))[0]:
                yield json.loads(received[2])
