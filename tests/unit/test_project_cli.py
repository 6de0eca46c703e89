"""The command line: quick help, exit codes, refusals in words, JSON for programs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest
from click.testing import CliRunner, Result

from signpost.cli import COMMANDS, main
from signpost.cli.client import IntakeRejected, IntakeUnavailable, request_json
from signpost.cli.send import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Item, NoEvents, batches, read_items
from signpost.cli.tail import format_change
from signpost.names import NO_FACTS

CHANGE = {
    "time": "2026-03-02T14:00:00.5Z",
    "subject": "c-1",
    "data": {
        "change": "raised",
        "status": "active",
        "priority": "high",
        "rule": "ask-response-deadline",
        "subject": {"kind": "offer", "id": "acme"},
        "audience": "candidate",
        "title": "Ask Acme how long you have to decide",
        "due": None,
        "reason": None,
    },
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_API_KEY": "sp_x"}


def run(*arguments: str, environ: dict[str, str], stdin: str = "") -> Result:
    return CliRunner(env=environ).invoke(main, arguments, input=stdin)


class Intake(BaseHTTPRequestHandler):
    """Answers like an intake: refuses events without an id; the first request of all is answered with 503."""

    seen: ClassVar[list[tuple[str, str, Any]]] = []
    feed: ClassVar[list[Any]] = []
    away = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], body))
        if Intake.away:
            Intake.away -= 1
            self._answer(503, {"title": "away", "detail": "later", "status": 503}, {"Retry-After": "0"})
            return
        items = [
            {"index": index, "id": event.get("id"), "status": 202 if "id" in event else 422, "errors": []}
            if "id" in event
            else {"index": index, "id": None, "status": 422, "errors": [{"pointer": "/id", "detail": "is missing"}]}
            for index, event in enumerate(body)
        ]
        self._answer(207, {"items": items})

    def do_GET(self) -> None:
        if self.path.startswith("/v1/candidates/"):
            self._answer(404, {"title": "Not found", "detail": NO_FACTS, "status": 404})
            return
        after = int(self.path.partition("after=")[2] or 0)
        self._answer(200, {"items": self.feed[after : after + 2], "next": str(min(after + 2, len(self.feed)))})

    def _answer(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def intake() -> Iterator[str]:
    Intake.seen.clear()
    Intake.away = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Intake)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_help_loads_nothing_heavy_and_names_every_command() -> None:
    code = (
        "import sys; from signpost.cli import main; main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    loaded = done.stdout.rpartition("\n[")[2]
    assert not [
        name for name in ("sqlalchemy", "pika", "flask", "httpx", "rich", "marshmallow") if f"'{name}'" in loaded
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, environ: dict[str, str]) -> None:
    result = run(command, "--help", environ=environ)
    assert result.exit_code == 0
    assert "Usage: " in result.output


def test_wrong_settings_are_said_in_words_with_exit_code_2(environ: dict[str, str]) -> None:
    result = run("db", "current", environ={**environ, "SIGNPOST_PARTITIONS": "none", "SIGNPOST_ENGIN": "x"})
    assert result.exit_code == 2
    assert "SIGNPOST_PARTITIONS: must be a whole number" in result.stderr
    assert "did you mean SIGNPOST_ENGINE?" in result.stderr
    assert "Traceback" not in result.output


def test_settings_are_shown_for_people_and_programs(environ: dict[str, str]) -> None:
    assert "SIGNPOST_BROKER_URL" in run("settings", environ=environ).output
    shown_settings = json.loads(run("settings", "--json", environ=environ).stdout)
    assert {one["name"]: one["value"] for one in shown_settings}["SIGNPOST_API_KEY"] == "********"


def test_the_database_is_brought_up_to_date(environ: dict[str, str]) -> None:
    assert run("db", "current", environ=environ).exit_code == 1
    assert "now at revision" in run("db", "upgrade", environ=environ).output
    assert "up to date" in run("db", "upgrade", environ=environ).output
    assert run("db", "current", environ=environ).exit_code == 0


def test_the_topology_is_declared_and_compared(environ: dict[str, str]) -> None:
    assert run("topology", "check", environ=environ).exit_code == 1
    assert run("topology", "apply", environ=environ).exit_code == 0
    assert json.loads(run("topology", "check", "--json", environ=environ).stdout) == {"differences": []}


def test_a_key_comes_with_its_hash(environ: dict[str, str]) -> None:
    made = json.loads(run("key", "--json", environ=environ).stdout)
    assert made["key"].startswith("sp_")
    assert made["hash"].startswith("sha256:")


def test_events_are_sent_and_refusals_named(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text('[{"id": "1"}, {}]')
    with intake() as url:
        Intake.away = 1
        result = run("send", str(file), environ={**environ, "SIGNPOST_URL": url})
        assert [seen[:2] for seen in Intake.seen] == [("/v1/events", "Bearer sp_x")] * 2
    assert result.exit_code == 1
    assert f"{file}[1] (no id) is rejected:\n  /id: is missing\n" in result.stderr
    assert "1 event accepted, 1 rejected" in result.stdout


def test_an_event_without_a_time_gets_the_present_one(environ: dict[str, str]) -> None:
    stated, before = "2026-03-02T14:00:00Z", datetime.now(UTC)
    with intake() as url:
        lines = f'{{"id": "1", "time": "{stated}"}}\n{{"id": "2"}}\n'
        assert run("send", "-", environ={**environ, "SIGNPOST_URL": url}, stdin=lines).exit_code == 0
        [(_, _, [first, second])] = Intake.seen
    assert first["time"] == stated
    assert before <= datetime.fromisoformat(second["time"]) <= datetime.now(UTC)


def test_an_intake_that_is_away_is_said_in_words(environ: dict[str, str]) -> None:
    here = {**environ, "SIGNPOST_URL": "http://127.0.0.1:1"}
    result = run("send", "-", "--patience", "0", environ=here, stdin='{"id": "1"}')
    assert result.exit_code == 1
    assert "no intake answers at http://127.0.0.1:1" in result.stderr
    assert "set SIGNPOST_URL" in result.stderr


@pytest.mark.parametrize(("reason", "hints"), [("[SSL: WRONG_VERSION_NUMBER] wrong version", True), ("refused", False)])
def test_https_to_an_intake_without_a_certificate_is_hinted_at(reason: str, hints: bool) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(reason, request=request)

    transport = httpx.MockTransport(fail)
    with (
        httpx.Client(base_url="https://intake", transport=transport) as client,
        pytest.raises(IntakeUnavailable) as error,
    ):
        request_json(client, "GET", "/v1/recommendations")
    assert ("write http:// if it has no certificate" in str(error.value)) is hints


@pytest.mark.parametrize(("status", "names_the_key"), [(401, True), (403, False)])
def test_a_key_that_is_not_known_comes_from_somewhere(status: int, names_the_key: bool) -> None:
    problem = {"title": "Unauthorized", "detail": "send the header Authorization"}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=problem))
    with httpx.Client(base_url="http://intake", transport=transport) as client, pytest.raises(IntakeRejected) as error:
        request_json(client, "GET", "/v1/recommendations")
    place = "commands send SIGNPOST_API_KEY or, if it is not set, the key in client.env"
    assert (place in str(error.value)) is names_the_key


@pytest.mark.parametrize(
    ("raw", "count"), [(b'{"id": 1}', 1), (b"[{}, {}]", 2), (b'{"id": 1}\n\n{"id": 2}\n', 2), (b"[{}]\n[{}]", 2)]
)
def test_files_hold_one_an_array_or_lines(raw: bytes, count: int) -> None:
    assert len(read_items("f", raw)) == count


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"id": 1}\nnonsense'])
def test_a_file_without_events_is_refused(raw: bytes) -> None:
    with pytest.raises(NoEvents):
        read_items("f", raw)


def test_batches_keep_the_order_and_within_bounds() -> None:
    items = [Item(str(index), b"x" * (index % 7 * 1_000)) for index in range(2_000)]
    found = list(batches(items))
    assert [item for batch in found for item in batch] == items
    assert all(len(batch) <= MAX_BATCH_EVENTS for batch in found)
    assert all(sum(len(item.body) for item in batch) <= MAX_BATCH_BYTES for batch in found)


def test_tail_pages_through_the_feed_and_shows_the_last(environ: dict[str, str]) -> None:
    Intake.feed[:] = [{**CHANGE, "subject": f"c-{index}"} for index in range(5)]
    with intake() as url:
        here = {**environ, "SIGNPOST_URL": url}
        people = run("tail", "--last", "2", environ=here).stdout
        programs = run("tail", "--last", "-1", "--json", environ=here).stdout.splitlines()

    assert "c-3" in people
    assert "c-2" not in people
    assert [json.loads(line)["subject"] for line in programs] == [f"c-{index}" for index in range(5)]


@pytest.mark.parametrize("command", ["agenda", "calendar", "forecast", "questions"])
def test_an_unknown_candidate_is_named_with_where_to_find_the_right_one(command: str, environ: dict[str, str]) -> None:
    with intake() as url:
        result = run(command, "tové/e", environ={**environ, "SIGNPOST_URL": url})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no facts are known about this candidate\n  tové/e: `signpost candidates` lists" in result.stderr


def test_tail_shows_the_last_changes_of_one_candidate(environ: dict[str, str]) -> None:
    Intake.feed[:] = [{**CHANGE, "id": str(index), "subject": f"c-{index % 2}"} for index in range(6)]
    with intake() as url:
        here = {**environ, "SIGNPOST_URL": url}
        lines = run("tail", "--candidate", "c-0", "--last", "2", "--json", environ=here).stdout.splitlines()
        unknown = run("tail", "--candidate", "c-9", environ=here)
        Intake.feed[:] = [{**CHANGE, "subject": subject} for subject in ("nord~p-9", "nord-quill~p-98", "q~p-98")]
        short = run("tail", "--candidate", "p-98", environ=here)
    assert (short.exit_code, short.stdout) == (0, "")
    assert short.stderr.endswith("; did you mean nord-quill~p-98? Ids of a source have its name before them\n")
    assert [json.loads(line)["id"] for line in lines] == ["2", "4"]
    assert unknown.stderr == "no change is about c-9: `signpost candidates` lists those that are known\n"


def test_a_change_reads_like_a_sentence() -> None:
    assert format_change(CHANGE) == (
        "2026-03-02 14:00:00  \x1b[1mraised    \x1b[0m \x1b[33mhigh  \x1b[0m  c-1  "
        "ask-response-deadline@offer/acme  for the candidate\n    \x1b[1mAsk Acme how long you have to decide\x1b[0m"
    )


@pytest.mark.long
def test_rules_are_checked_and_tested(environ: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "topic.yaml").write_text("rule-one:\n  about: offr\n")
    result = run("rules", "check", str(bad), "--json", environ=environ)
    assert result.exit_code == 1
    assert {problem["file"] for problem in json.loads(result.stdout)["problems"]} >= {str(bad / "topic.yaml")}
    assert run("rules", "check", environ=environ).exit_code == 0
    empty = run("rules", "test", str(bad), environ=environ)
    assert empty.exit_code in (1, 2)
    assert "timeline" in empty.output
