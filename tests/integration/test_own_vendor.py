"""A vendor that Signpost never heard of, connected by a mapping file alone: as the guide says, and by real requests."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.documents import ROOT, run_document
from tests.support.private_servers import free_port, wait_until

GUIDE = ROOT / "docs" / "vendors.md"
MAPPING = GUIDE.read_text("utf-8").partition("```yaml file=.signpost/vendors/huntflow.yaml\n")[2].partition("```")[0]
SECRET = "a secret that only Huntflow and we know"


@pytest.mark.long
def test_every_command_of_the_guide_prints_what_it_shows(tmp_path: Path) -> None:
    assert run_document(GUIDE, tmp_path, installed=True) >= 5


class System:
    """A running `signpost up` with one source of the vendor, and an own folder of mappings."""

    def __init__(self, folder: Path) -> None:
        self.vendors, self.port = folder / "own", free_port()
        self.vendors.mkdir()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")},
            "SIGNPOST_DATA_DIR": str(folder / "data"),
            "SIGNPOST_HTTP_BIND": f"127.0.0.1:{self.port}",
            "SIGNPOST_VENDORS": str(self.vendors),
        }
        (self.vendors / "huntflow.yaml").write_text(MAPPING, "utf-8")
        (folder / "huntflow.secret").write_text(SECRET)
        self.log = folder / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "signpost", "up"], env=self.environ, stdout=log, stderr=log
            )
        self.secret, self.key = folder / "huntflow.secret", ""

    def prepare(self) -> None:
        wait_until(self._is_ready, "signpost up is ready")
        self.command("sources", "add", "hunters", "--vendor", "huntflow", "--secret-file", str(self.secret))
        self.key = json.loads(self.command("tenants", "rotate", "demo", "--json"))["api_key"]

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return "Signpost is ready" in self.log.read_text()

    def command(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "signpost", *arguments], env=self.environ, capture_output=True, text=True, check=True
        ).stdout

    def call(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, sent)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def hook(self, body: bytes, secret: str = SECRET) -> int:
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.call("/v1/webhooks/hunters", body, X_Huntflow_Signature=signature)[0]

    def read(self, path: str) -> Any:
        return self.call(path, Authorization=f"Bearer {self.key}")[1]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path)
    try:
        running.prepare()
        yield running
    finally:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(60)


def offer_sent(number: int) -> bytes:
    """A webhook of an hour ago in Berlin, with an answer due tomorrow."""
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    event = {
        "id": f"evt-{number}",
        "type": "OFFER_SENT",
        "created": (now - timedelta(hours=1)).strftime("%d.%m.%Y %H:%M"),
        "candidate": {"id": 4711, "name": "Анна Петрова"},
        "offer": {
            "id": number,
            "position": "Data engineer",
            "answer_by": (now + timedelta(days=1)).strftime("%d.%m.%Y"),
            "start": (now + timedelta(days=60)).strftime("%d.%m.%Y"),
        },
    }
    return json.dumps({"event": event}, ensure_ascii=False).encode()


@pytest.mark.long
def test_a_mapping_file_alone_connects_a_vendor(system: System) -> None:
    body = offer_sent(31)
    wait_until(lambda: system.hook(body) == 202, "the intake knows the source and its vendor")
    assert system.hook(body, secret="a secret that nobody knows of") == 401
    path = "/v1/candidates/hunters~4711"
    wait_until(lambda: system.read(f"{path}/advice").get("active"), "advice about the candidate")
    case = json.dumps(system.read(f"{path}/case"))
    start = (datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=60)).date().isoformat()
    assert start in case, "the day of the start, read as DD.MM.YYYY"
    rules = {one["rule"] for one in system.read(f"{path}/advice")["active"]}
    assert "respond-before-deadline" in rules, "the deadline, a day as DD.MM.YYYY"
    (system.vendors / "huntflow.yaml").write_text(MAPPING.replace("event: event.type", "event: event type"), "utf-8")
    wait_until(lambda: system.hook(body) == 503, "the faulty file disables its source")
    wait_until(lambda: "vendors" in system.call("/readyz")[1], "readyz tells it")
    status, report = system.call("/readyz")
    assert (status, report["status"]) == (200, "degraded"), report
    assert "huntflow.yaml:4:8: R022" in system.command("sources", "list")
    assert system.call("/v1/webhooks/greenhouse-demo", b"{}")[0] == 401, "the others work: unsigned, not disabled"
    (system.vendors / "huntflow.yaml").write_text(MAPPING, "utf-8")
    wait_until(lambda: system.hook(body) == 202, "the corrected file is in force")
    system.command("sources", "disable", "hunters")
    wait_until(lambda: system.hook(body) == 503, "the source is switched off")
    wait_until(lambda: system.call("/readyz")[1]["status"] == "ok", "a source that is switched off is no fault")
    system.command("sources", "remove", "hunters")
    wait_until(lambda: system.hook(body) == 401, "the source is gone")
