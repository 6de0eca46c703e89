"""The compose file for real: the demo, the rights and limits of every container, and what is in the image.

Needs Docker, or podman with podman-compose and catatonit, and the base images; run by `make containers-test` only.
"""

import json
import os
import re
import subprocess
import sys

import jsonschema
import pytest

from tests.containers.deployment import PROCESSES, ROOT, Deployment

pytestmark = pytest.mark.containers

CONSUMER = "notifier"


def test_the_demo_yields_its_advice_on_rabbitmq(deployment: Deployment) -> None:
    path = ROOT / "schemas/documents/generated/signpost.recommendation.v1.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    password = deployment.add_consumer(CONSUMER, "*.candidate.#")
    environ = {**os.environ, "SIGNPOST_DATA_DIR": str(deployment.folder / "deploy/client")}
    played = subprocess.run(
        [sys.executable, str(ROOT / "examples/play.py")], env=environ, capture_output=True, text=True, check=False
    )
    assert played.returncode == 0, played.stdout + played.stderr + deployment.logs()
    emitted = list(deployment.consume(CONSUMER, password))
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


def test_the_bill_of_materials_lists_what_is_in_the_image(deployment: Deployment) -> None:
    bill = json.loads(deployment.inside("advisor", "cat", "/opt/signpost/sbom.cdx.json"))
    listed = {(one["name"], one["version"]) for one in bill["components"] if one["purl"].startswith("pkg:pypi/")}
    product = bill["metadata"]["component"]
    script = (
        "from importlib.metadata import distributions as d; print(*(f'{o.name} {o.version}' for o in d()), sep=chr(10))"
    )
    lines = deployment.inside("advisor", "/opt/signpost/bin/python", "-I", "-c", script).splitlines()
    installed = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in map(str.split, lines)}
    assert listed | {(product["name"], product["version"])} == installed
    debian = deployment.inside("advisor", "dpkg-query", "--show", "--showformat", "${Package}=${Version}\n").split()
    assert {f"{one['name']}={one['version']}" for one in bill["components"] if "pkg:deb/" in one["purl"]} == set(debian)


def test_only_the_intake_is_published(deployment: Deployment) -> None:
    for service in ("postgres", *PROCESSES):
        listed = deployment.inspect(service)["HostConfig"]["PortBindings"] or {}
        # Podman also lists what the image exposes and nobody publishes
        ports = {port: bindings for port, bindings in listed.items() if bindings}
        assert set(ports) == ({"8080/tcp"} if service == "intake" else set())
        assert {bound["HostIp"] for bindings in ports.values() for bound in bindings} <= {"127.0.0.1"}


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
