"""`make contracts`: linters on the documents; generated clients and the CloudEvents SDK on a running intake."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signpost.case.instant import format_instant
from signpost.schemas.documents.examples import EVENT
from signpost.schemas.documents.generate import GENERATED
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import intake_folder, running
from tests.support.workers_kit import HOUR, START, event, open_system

pytestmark = pytest.mark.contracts

TOOLS = Path(__file__).parent / "tools"
PROGRAMS = TOOLS / "node_modules" / ".bin"
CLIENTS = Path(sys.prefix) / "contracts" / "bin"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def output(*command: Any, **environ: str) -> str:
    """Run a command that must succeed; returns what it prints."""
    made = subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


@dataclass
class Served:
    """A running intake with advice."""

    address: str
    recommendation: str
    titles: list[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = intake_folder(tmp_path_factory.mktemp("intake"))
    url = f"sqlite:///{folder / 'signpost.db'}"
    with open_system(url, url) as system:
        system.now = START + HOUR
        respond_by = format_instant(START + 100 * HOUR)
        system.handle(event("offer.extended", tenant="north", offer="o-1", respond_by=respond_by))
        changes = system.changes()
    titles = [change["title"] for change in changes if change["audience"] == "candidate"]
    with running(folder, SIGNPOST_RATE_PER_SECOND="0", SIGNPOST_HTTP_PROCESSES="1") as (address, _):
        yield Served(address, changes[0]["id"], titles)


def test_redocly_reports_nothing() -> None:
    found = json.loads(output(PROGRAMS / "redocly", "lint", "--format=json", GENERATED / "openapi.json", **QUIET))
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_spectral_reports_nothing() -> None:
    documents = [GENERATED / "openapi.json", GENERATED / "asyncapi.json"]
    ruleset = ["-r", TOOLS / "spectral.yaml", "--fail-severity=hint", "-f", "json"]
    assert json.JSONDecoder().raw_decode(output(PROGRAMS / "spectral", "lint", *ruleset, *documents))[0] == []


def test_a_generated_client_in_typescript_works(served: Served, tmp_path: Path) -> None:
    for name in ("client.ts", "node.d.ts", "tsconfig.json", "package.json"):
        (tmp_path / name).write_text((TOOLS / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(TOOLS / "node_modules")
    output(PROGRAMS / "openapi-typescript", GENERATED / "openapi.json", "-o", tmp_path / "openapi.ts")
    output(PROGRAMS / "tsc", "-p", tmp_path)
    answered = _answers("node", tmp_path / "client.js", served, tmp_path)
    _check(answered, served)


def test_a_generated_client_in_python_works(served: Served, tmp_path: Path) -> None:
    package = tmp_path / "signpost_client"
    generate = ["generate", "--path", GENERATED / "openapi.json", "--meta", "none", "--output-path", package]
    config = ["--config", TOOLS / "openapi-python-client.yaml"]
    path = f"{CLIENTS}:{os.environ['PATH']}"
    output(CLIENTS / "openapi-python-client", *generate, *config, PATH=path)
    answered = _answers(CLIENTS / "python", TOOLS / "client.py", served, tmp_path, PYTHONPATH=str(tmp_path))
    assert answered.pop("by_sdk") == [202, 202]
    assert answered.pop("read") == [
        f"{served.recommendation}.1",
        "signpost.recommendation.raised.v1",
        served.recommendation,
    ]
    _check(answered, served)


def _answers(program: Any, script: Path, served: Served, folder: Path, **environ: str) -> dict[str, Any]:
    (folder / "event.json").write_text(json.dumps(EVENT), encoding="utf-8")
    text = output(program, script, served.address, NORTH_KEY, folder / "event.json", **environ)
    return dict(json.loads(text))


def _check(answered: dict[str, Any], served: Served) -> None:
    assert answered == {"sent": 202, "titles": served.titles[:5], "unknown": "urn:signpost:problem:unknown"}
    assert answered["titles"]
