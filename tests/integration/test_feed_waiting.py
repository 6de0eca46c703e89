"""The feed on the running intake: `wait` for the next change, and server-sent events; who waits takes no thread."""

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.intake_parts import NORTH_KEY, SOUTH_KEY
from tests.support.intake_process import COMMAND, intake_folder, running
from tests.support.private_servers import wait_until
from tests.support.workers_kit import HOUR, START, System, event, open_system

FEED = "/v1/recommendations"
Started = tuple[str, System, subprocess.Popen[bytes]]


@contextmanager
def started(folder: Path, **settings: str) -> Iterator[Started]:
    """An intake of one process with one thread, and what gives advice beside it."""
    url = f"sqlite:///{intake_folder(folder)}/signpost.db"
    with open_system(url, url) as system:
        system.now = START + HOUR
        own = {
            "SIGNPOST_HTTP_PROCESSES": "1",
            "SIGNPOST_HTTP_THREADS": "1",
            "SIGNPOST_RATE_PER_SECOND": "0",
            **settings,
        }
        with running(folder, **own) as (address, process):
            yield address, system, process


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, System]]:
    with started(tmp_path_factory.mktemp("feed"), SIGNPOST_HTTP_WAITING="3") as (address, system, _):
        yield address, system


NUMBERS = iter(range(1000))


def advise(system: System, kind: str = "offer.extended", **about: Any) -> list[str]:
    """Let something happen to a new candidate of north; the ids of the changes."""
    candidate = f"c-{next(NUMBERS)}"
    system.handle(event(kind, candidate, tenant="north", **about or {"offer": "o-1"}))
    return [f"{one['id']}.{one['sequence']}" for one in system.changes() if one["candidate"] == candidate]


def read(address: str, key: str = NORTH_KEY, **query: str | int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(address + FEED, params={"limit": 500, **query}, headers=headers, timeout=120)


def end_of(address: str) -> str:
    """The cursor after the last change. The only thread has finished all requests before it."""
    cursor, page = {}, read(address).json()
    while page["items"]:
        cursor, page = {"after": page["next"]}, read(address, after=page["next"]).json()
    return str(cursor.get("after", ""))


@contextmanager
def waiting(
    address: str, after: str, *, more: str = "", accept: str = "*/*", seconds: int = 60
) -> Iterator[socket.socket]:
    """A connection that has asked for what comes after a cursor."""
    parts = urlsplit(address)
    query = f"wait={seconds}{more}" + (f"&after={after}" if after else "")
    head = f"GET {FEED}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {NORTH_KEY}\r\nAccept: {accept}\r\n\r\n"
    with closing(socket.create_connection((parts.hostname, parts.port or 80), 60)) as client:
        client.sendall(head.encode())
        yield client


def answer_of(client: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status of the next response, and its document. Raises TimeoutError."""
    # Without a buffer, in which the beginning of the next response could disappear
    with client.makefile("rb", buffering=0) as file:
        status = int(file.readline().split()[1])
        headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(file.readline, b"\r\n"))
        body, length = b"", int(headers["content-length"])
        while len(body) < length:
            data = file.read(length - len(body))
            assert data, f"closed after {len(body)} of {length} bytes"
            body += data
        return status, json.loads(body)


def is_silent(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        client.settimeout(60)
    return False


def test_a_poll_is_answered_by_the_next_change(intake: tuple[str, System]) -> None:
    address, system = intake
    with waiting(address, end_of(address)) as client:
        end_of(address)
        assert is_silent(client)
        ids = advise(system)
        status, page = answer_of(client)
    assert status == 200
    assert [item["id"] for item in page["items"]] == ids


def test_a_poll_without_a_change_is_answered_in_time_and_the_connection_serves_on(intake: tuple[str, System]) -> None:
    address, system = intake
    advise(system)
    after = end_of(address)
    with waiting(address, after, seconds=1) as client:
        assert answer_of(client) == (200, {"items": [], "next": after})
        request = f"GET {FEED}?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {NORTH_KEY}\r\n\r\n"
        client.sendall(request.encode())
        assert answer_of(client)[0] == 200


def test_a_change_that_a_filter_leaves_out_wakes_nobody(intake: tuple[str, System]) -> None:
    address, system = intake
    after = end_of(address)
    with waiting(address, after, more="&audience=employer") as client:
        advise(system, "interview.scheduled", interview="i-1")
        # Woken at the earliest by now: another poll of the same watch is answered
        assert read(address, after=after, wait=60).json()["items"]
        end_of(address)
        assert is_silent(client)


def test_the_changes_of_another_tenant_wake_nobody(intake: tuple[str, System]) -> None:
    address, system = intake
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(read(address, SOUTH_KEY, wait=2)))
    thread.start()
    advise(system)
    thread.join(60)
    assert answers[0].json() == {"items": [], "next": None}


def test_a_next_request_ends_the_wait_of_the_first(intake: tuple[str, System]) -> None:
    """HTTP/1.1 allows to send it early; the answers come in order."""
    address, _ = intake
    after = end_of(address)
    with waiting(address, after) as client:
        end_of(address)
        request = f"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {NORTH_KEY}\r\n\r\n"
        client.sendall(request.encode())
        assert answer_of(client) == (200, {"items": [], "next": after})
        assert answer_of(client)[0] == 404


def test_beyond_the_limit_the_oldest_is_answered(intake: tuple[str, System]) -> None:
    address, _ = intake
    after = end_of(address)
    with waiting(address, after) as first, waiting(address, after) as second, waiting(address, after) as third:
        end_of(address)
        assert all(is_silent(client) for client in (first, second, third))
        with waiting(address, after) as fourth:
            assert answer_of(first) == (200, {"items": [], "next": after})
            end_of(address)
            assert all(is_silent(client) for client in (second, third, fourth))


def test_operators_see_how_many_wait(intake: tuple[str, System]) -> None:
    address, _ = intake

    def is_shown(number: int) -> bool:
        lines = httpx.get(f"{address}/metrics", timeout=30).text.splitlines()
        return f"signpost_http_waiting_requests {number}.0" in lines

    after = end_of(address)
    with waiting(address, after), waiting(address, after, accept="text/event-stream"):
        wait_until(lambda: is_shown(2), "both to be counted")
    wait_until(lambda: is_shown(0), "none to be counted")


def test_clients_that_have_left_do_not_count(intake: tuple[str, System]) -> None:
    address, _ = intake
    after = end_of(address)
    with waiting(address, after) as client:
        for _ in range(5):
            with waiting(address, after):
                end_of(address)
            end_of(address)
        assert is_silent(client)


@pytest.mark.parametrize("wait", ["-1", "61", "x", "1.5", "", "²"])
def test_a_wrong_wait_is_refused(intake: tuple[str, System], wait: str) -> None:
    refused = read(intake[0], wait=wait)
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == ["?wait"]


def test_head_does_not_wait(intake: tuple[str, System]) -> None:
    address, _ = intake
    query: dict[str, str | int] = {"after": end_of(address), "wait": 60, "limit": 500}
    answer = httpx.head(address + FEED, params=query, headers={"Authorization": f"Bearer {NORTH_KEY}"}, timeout=30)
    assert answer.status_code == 200


@contextmanager
def stream(address: str, **headers: str) -> Iterator[Iterator[str]]:
    """The lines of a stream."""
    own = {"Authorization": f"Bearer {NORTH_KEY}", "Accept": "text/event-stream", **headers}
    with httpx.stream("GET", address + FEED, params={"limit": 2}, headers=own, timeout=60) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        yield response.iter_lines()


def take(lines: Iterator[str], count: int) -> list[tuple[str, str]]:
    """The next events: cursor and id of the change."""
    found: list[tuple[str, str]] = []
    cursor = ""
    while len(found) < count:
        name, _, value = next(lines).partition(": ")
        if name == "id":
            cursor = value
        elif name == "data":
            found.append((cursor, json.loads(value)["id"]))
    return found


def test_a_stream_has_the_past_and_each_change_and_goes_on_where_it_was_left(tmp_path: Path) -> None:
    with started(tmp_path) as (address, system, process):
        past = advise(system) + advise(system)
        assert len(past) > 4, "more than one page"
        with stream(address) as lines:
            assert next(lines) == "retry: 1000"
            assert [one for _, one in take(lines, len(past))] == past
            end_of(address)
            now = advise(system)
            last = take(lines, len(now))
            assert [one for _, one in last] == now
        with stream(address, **{"Last-Event-ID": last[-2][0]}) as lines:
            assert take(lines, 1) == last[-1:]
            process.send_signal(signal.SIGTERM)
            assert [line for line in lines if line] == [], "it ends, and says nothing more"
        assert process.wait(60) == 0
    log = (tmp_path / "log").read_text()
    assert "rror" not in log.replace("gunicorn.error", ""), log


def test_a_stopping_intake_answers_who_waits(tmp_path: Path) -> None:
    with started(tmp_path) as (address, _, process), waiting(address, "") as client:
        end_of(address)
        process.send_signal(signal.SIGTERM)
        assert answer_of(client) == (200, {"items": [], "next": None})
        assert process.wait(60) == 0


def test_many_wait_and_the_only_thread_is_free(tmp_path: Path) -> None:
    with started(tmp_path) as (address, system, _), ExitStack() as stack:
        streams = (waiting(address, "", accept="text/event-stream") for _ in range(100))
        clients = [stack.enter_context(each) for each in streams]
        assert read(address).status_code == 200
        ids = advise(system)
        for client in clients:
            received = b""
            while received.count(b"\ndata: ") < len(ids):
                received += client.recv(65_536)


HASTY = """
from signpost.services.intake import holding_worker
holding_worker.HEARTBEAT_S = 0.05
from signpost.services.intake.gunicorn_conf import *
"""


def test_a_silent_stream_shows_that_it_stands(tmp_path: Path) -> None:
    """By a comment every 15 seconds; here by a configuration that hurries them."""
    (tmp_path / "hasty.py").write_text(HASTY)
    command = [*COMMAND[:-1], f"file:{tmp_path}/hasty.py"]
    with running(intake_folder(tmp_path), command) as (address, _), stream(address) as lines:
        comments = (line for line in lines if line == ":")
        assert [next(comments) for _ in range(3)] == [":", ":", ":"]


NARROW = """
import socket
from signpost.services.intake.gunicorn_conf import *
def when_ready(server):
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
"""


def test_a_slow_reader_gets_all_pages_of_a_stream(tmp_path: Path) -> None:
    """Pages larger than the buffers of the sockets: each is sent in parts."""
    (tmp_path / "narrow.py").write_text(NARROW)
    url = f"sqlite:///{intake_folder(tmp_path)}/signpost.db"
    command = [*COMMAND[:-1], f"file:{tmp_path}/narrow.py"]
    own = {"SIGNPOST_HTTP_PROCESSES": "1", "SIGNPOST_HTTP_THREADS": "1", "SIGNPOST_RATE_PER_SECOND": "0"}
    with open_system(url, url) as system, running(tmp_path, command, **own) as (address, _):
        system.now = START + HOUR
        past = [change for _ in range(3) for change in advise(system)]
        with closing(socket.socket()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            parts = urlsplit(address)
            client.connect((parts.hostname, parts.port or 80))
            client.settimeout(30)
            head = f"Host: x\r\nAuthorization: Bearer {NORTH_KEY}\r\nAccept: text/event-stream\r\n\r\n"
            client.sendall(f"GET {FEED}?limit=20 HTTP/1.1\r\n{head}".encode())
            received = b""
            while received.count(b"\ndata: ") < len(past):
                # By its answer, the only thread has filled the buffers, and left the rest of the page to the event loop
                read(address, limit=1)
                more = client.recv(65_536)
                assert more, "the stream has ended"
                received += more
