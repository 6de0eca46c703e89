"""Metrics: the table keeps the conventions, counts survive a restart, and a slow client holds up no scrape."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from signpost.errors import CallerError
from signpost.metrics import health, table
from signpost.metrics.document import page
from signpost.metrics.folder import PREFIX, MetricsFolder, forget_process
from signpost.metrics.kinds import MAX_CAPPED_VALUES, Counter
from signpost.metrics.reading import render
from signpost.metrics.server import MAX_CONNECTIONS, MAX_TURN_S, Health, MetricsServer
from signpost.workers.process import handle_signals
from tests.support.metrics import counting, value_in

ROOT = Path(__file__).parents[2]
LABELS = {
    "role", "part", "server", "content", "result", "version", "route", "method", "status", "kind", "stored", "reason",
    "vendor", "outcome", "engine", "fault", "rule", "change", "audience", "queue",
}  # fmt: skip
"""All labels; each has few values. A tenant, a candidate, a source or an id has no place here."""
UNITS = ("_seconds", "_messages_ready", "_messages", "_events", "_info", "_dead_letters", "_due", "_ready", "_requests")


def test_the_table_keeps_the_conventions_of_prometheus() -> None:
    assert len(table.TABLE) > 40
    names = [metric.name for metric in table.TABLE]
    assert len(names) == len(set(names))
    for metric in table.TABLE:
        assert re.fullmatch(r"signpost_[a-z]+(_[a-z]+)*", metric.name)
        assert isinstance(metric, Counter) == metric.name.endswith("_total"), metric.name
        assert set(metric.labels) <= LABELS, metric.name
        assert metric.about.endswith("."), metric.name
        assert set(metric.roles) <= set(table.ROLES)
        flags = {"signpost_problem", "signpost_files_refused", "signpost_queue_consumers"}
        flags |= {"signpost_endpoints_failing", "signpost_endpoints_disabled"}
        assert isinstance(metric, Counter) or metric.name.endswith(UNITS) or metric.name in flags, metric.name


def test_the_page_of_the_metrics_is_generated_from_the_table() -> None:
    """Renew it with `make generate`."""
    text = page()
    assert (ROOT / "docs/metrics.md").read_text(encoding="utf-8") == text
    assert [metric.name for metric in table.TABLE if text.count(f"| `{metric.name}` |") != 1] == []


def test_nothing_is_counted_and_no_library_imported_until_a_process_starts_it() -> None:
    code = (
        "import sys; import signpost.workers.advisor; from signpost.metrics import table, health\n"
        "import signpost.cli.up; table.EVENTS_FOLDED.inc(); health.turn(); health.report({'broker': False})\n"
        "print(any(name.startswith('prometheus_client') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_counts_survive_the_death_of_their_process_and_gauges_end_with_it(tmp_path: Path) -> None:
    with counting("relay", tmp_path, "relay") as value:
        table.OUTBOX_RETRIED.inc(by=3)
        table.OUTBOX_MESSAGES.set(7)
        assert (value("signpost_outbox_retried_total"), value("signpost_outbox_messages")) == (3, 7)
    forget_process(tmp_path, "relay")
    assert value_in(render(tmp_path).decode(), "signpost_outbox_messages") is None
    with counting("relay", tmp_path, "relay") as value:
        table.OUTBOX_RETRIED.inc()
        assert value("signpost_outbox_retried_total") == 4


def test_a_process_has_the_metrics_of_its_role_from_the_start_and_no_others(tmp_path: Path) -> None:
    with counting("advisor", tmp_path) as value:
        table.CASES_WOKEN.inc()
        assert value("signpost_cases_woken_total") is None
        assert value("signpost_dead_letters_total", reason="quota") == 0
        assert value("signpost_outbox_published_total", role="advisor") == 0


def test_a_label_that_others_choose_has_a_bounded_number_of_values(tmp_path: Path) -> None:
    with counting("advisor", tmp_path) as value:
        for number in range(MAX_CAPPED_VALUES + 20):
            table.ADVICE_CHANGES.inc("raised", f"rule-{number}")
        table.ADVICE_CHANGES.inc("resolved", "rule-0")
        assert value("signpost_advice_changes_total", rule="other") == 20
        assert value("signpost_advice_changes_total", rule="rule-0") == 2
        assert value("signpost_advice_changes_total") == MAX_CAPPED_VALUES + 21


def test_only_the_rulebook_in_force_is_shown(tmp_path: Path) -> None:
    with counting("clock", tmp_path):
        table.RULEBOOK.set(1, "v1")
        table.RULEBOOK.set(0, "v1")
        table.RULEBOOK.set(1, "v2")
        lines = [line for line in render(tmp_path).decode().splitlines() if line.startswith("signpost_rulebook_info")]
    assert lines == ['signpost_rulebook_info{role="clock",version="v2"} 1.0']


def test_a_folder_that_vanishes_stops_the_count_and_not_the_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with counting("intake", folder):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        table.HTTP_SECONDS.observe(1, "/livez")
        table.HTTP_SECONDS.observe(1, "/livez")
    assert caplog.text.count("signpost_http_request_duration_seconds is not counted any more") == 1


def test_folders_of_the_dead_are_removed_and_no_others(tmp_path: Path) -> None:
    living = MetricsFolder(tmp_path)
    held, abandoned, fresh = (tmp_path / f"{PREFIX}{name}" for name in ("held", "abandoned", "fresh"))
    for folder in (held, abandoned, fresh):
        folder.mkdir()
    for folder in (living.path, held, abandoned):
        os.utime(folder, (0, 0))
    lock = os.open(held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    second = MetricsFolder(tmp_path)
    assert set(tmp_path.iterdir()) == {living.path, held, fresh, second.path}
    assert second.path.stat().st_mode & 0o077 == 0
    second.remove()
    living.remove()
    os.close(lock)
    assert set(tmp_path.iterdir()) == {held, fresh}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetricsServer]:
    made = MetricsServer(("127.0.0.1", 0), tmp_path, ["advisor"])
    made.start()
    yield made
    made.close()


def get(server: MetricsServer, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=10) as answer:
            return answer.status, orjson.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, orjson.loads(error.read())


def test_the_probes_name_what_a_role_lacks(tmp_path: Path, server: MetricsServer) -> None:
    text = "does not work as it should; the log has the reason"
    assert get(server, "/readyz") == (503, {"status": "unavailable", "advisor": "does not run"})
    with counting("advisor", tmp_path):
        assert get(server, "/readyz") == (503, {"status": "unavailable", "advisor": "starts or stops"})
        health.report({"database": True, "broker": True})
        assert get(server, "/readyz") == (200, {"status": "ok"})
        health.report({"broker": False}, needed=False)
        assert get(server, "/readyz") == (200, {"status": "degraded", "advisor": {"broker": text}})
        health.report({"database": False})
        expected = {"status": "unavailable", "advisor": {"broker": text, "database": text}}
        assert get(server, "/readyz") == (503, expected)
        assert get(server, "/livez") == (200, {"status": "ok"})
        health.report({"database": True, "broker": True})
        health.drain()
        health.report({"database": True})
        assert get(server, "/readyz") == (503, {"status": "unavailable", "advisor": "starts or stops"})


def test_a_main_loop_that_does_not_turn_is_not_alive(tmp_path: Path) -> None:
    with counting("advisor", tmp_path):
        later = time.time() + MAX_TURN_S + 5
        health.turn()
        assert Health(tmp_path, ["advisor"]).livez()[0] == 200
        status, document = Health(tmp_path, ["advisor"], clock=lambda: later).livez()
        assert status == 503
        assert document["advisor"].startswith("its main loop has not turned for 12")


def test_slow_clients_hold_up_no_scrape(tmp_path: Path, server: MetricsServer) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(MAX_CONNECTIONS * 3)]
    try:
        for each in slow[:MAX_CONNECTIONS]:
            each.sendall(b"GET /metr")
        started = time.monotonic()
        assert get(server, "/livez")[0] == 200
        assert time.monotonic() - started < 2
    finally:
        for each in slow:
            each.close()


def test_an_address_in_use_is_named_with_its_setting(tmp_path: Path) -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(CallerError, match="set SIGNPOST_METRICS_BIND to another"),
    ):
        MetricsServer(taken.getsockname(), tmp_path, ["relay"])


def test_a_worker_is_not_ready_from_sigterm_on(tmp_path: Path) -> None:
    with counting("relay", tmp_path) as value, handle_signals(60, threading.Event()) as stop:
        health.report({"database": True, "broker": True})
        assert value("signpost_ready", role="relay") == 1
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(30)
        assert value("signpost_ready", role="relay") == 0
