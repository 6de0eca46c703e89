"""The intake as it runs: gunicorn with its own configuration, started, asked, and ended by SIGTERM."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from signpost.messaging import connect
from signpost.storage import open_store
from tests.support.http import HTTP
from tests.support.intake_parts import DEAD_BROKER, NORTH_KEY, NOW, TENANTS
from tests.support.intake_process import COMMAND, EVENT, answers, environment, intake_folder, running
from tests.support.metrics import value_in
from tests.support.private_servers import free_port, wait_until


def send(address: str) -> int:
    return post(address, json.dumps(EVENT).encode()).status_code


def post(address: str, content: bytes | Iterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {NORTH_KEY}"}
    return HTTP.post(f"{address}/v1/events", content=content, headers=headers, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return intake_folder(tmp_path)


def kill_workers_and_compare_counts(address: str, pid: int) -> None:
    """The workers that follow go on with the counts of those that died."""
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(workers) == 2
    for worker in workers:
        os.kill(int(worker), signal.SIGKILL)
    wait_until(lambda: answers(address), "other workers answer")
    metrics = httpx.get(f"{address}/metrics", timeout=60).text
    assert value_in(metrics, "signpost_events_accepted_total") == 1
    assert value_in(metrics, "signpost_http_requests_total", route="/v1/events", status="4xx") == 2


def readiness(address: str) -> dict[str, str]:
    """What one of the processes answers to a probe."""
    return dict(HTTP.get(f"{address}/readyz", timeout=60).json())


def test_it_takes_events_and_ends_cleanly(folder: Path) -> None:
    with running(folder) as (address, process):
        wait_until(lambda: readiness(address) == {"status": "ok"}, "the first check")
        assert send(address) == 202
        chunks = (b" " * 100_000 for _ in range(20))
        assert post(address, chunks).status_code == 413
        assert post(address, b"[" * 100_000).status_code == 400
        kill_workers_and_compare_counts(address, process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert len(connect(f"sqlite:///{folder}/signpost.db").get("signpost.advisor", 10)) == 1
    lines = (folder / "log").read_text().splitlines()
    assert {json.loads(line)["process"] for line in lines} == {"intake"}
    assert not any("traceback" in json.loads(line) for line in lines)


def test_it_starts_and_accepts_without_its_broker(folder: Path) -> None:
    with running(folder, SIGNPOST_BROKER_URL=DEAD_BROKER, SIGNPOST_PUBLISH_TIMEOUT="1") as (address, _):
        assert send(address) == 202
        wait_until(lambda: readiness(address)["status"] == "degraded", "the first check")
    assert open_store(f"sqlite:///{folder}/signpost.db").outbox.depth(NOW).waiting == 1


@pytest.mark.parametrize(
    ("settings", "text", "complaint"),
    [
        ({"SIGNPOST_HTTP_BIN": "x"}, TENANTS, "SIGNPOST_HTTP_BIN"),
        ({}, TENANTS.replace("tenant: north", "tenant: nroth"), "did you mean north"),
    ],
)
def test_what_is_wrong_is_told_in_words(tmp_path: Path, settings: dict[str, str], text: str, complaint: str) -> None:
    (tmp_path / "tenants.yaml").write_text(text, encoding="utf-8")
    found = subprocess.run(
        COMMAND, env=environment(tmp_path, free_port(), **settings), capture_output=True, timeout=60, check=False
    )
    assert found.returncode == 2
    assert complaint in found.stderr.decode()
    assert "Traceback" not in found.stderr.decode()


def test_one_unknown_vendor_keeps_no_other_source_from_working(folder: Path) -> None:
    tenants = folder / "tenants.yaml"
    sound = tenants.read_text(encoding="utf-8")
    tenants.write_text(sound.replace("vendor: standard", "vendor: standart"), encoding="utf-8")
    with running(folder, SIGNPOST_HTTP_PROCESSES="1", SIGNPOST_RELOAD_INTERVAL="0.1") as (address, _):
        assert (webhook(address, "careers"), webhook(address, "acme"), send(address)) == (503, 401, 202)
        log = (folder / "log").read_text()
        assert log.count("source careers is disabled, its webhooks") == 1
        assert "did you mean standard" in log
        tenants.write_text(sound, encoding="utf-8")
        wait_until(lambda: webhook(address, "careers") == 401, "the corrected source is verified", 20)
        tenants.write_text(sound.replace("vendor: greenhouse", "vendor: redhouse"), encoding="utf-8")
        wait_until(lambda: webhook(address, "acme") == 503, "the source is disabled by a reload", 20)
        assert (webhook(address, "careers"), send(address)) == (401, 202)
        assert (folder / "log").read_text().count("source acme is disabled, its webhooks") == 1


def webhook(address: str, source: str) -> int:
    """The status of an unsigned webhook."""
    return HTTP.post(f"{address}/v1/webhooks/{source}", content=b"{}", timeout=20).status_code


def test_a_stopping_intake_answers_what_is_still_arriving(folder: Path) -> None:
    body = json.dumps(EVENT).encode()
    with running(folder, SIGNPOST_HTTP_PROCESSES="1") as (address, process):
        port = int(address.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port), timeout=30) as client,
            socket.create_connection(("127.0.0.1", port), timeout=30) as silent,
        ):
            head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {NORTH_KEY}\r\n"
            head += f"Content-Type: application/cloudevents+json\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body[:10])
            # The accepted connections are the last ones before this answer
            assert HTTP.get(f"{address}/livez", timeout=30).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert silent.recv(1) == b""
            client.sendall(body[10:])
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert b"\r\nConnection: close\r\n" in answer
        assert process.wait(60) == 0
