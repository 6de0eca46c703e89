"""Spans and wide log lines of one webhook, from HTTP to the message of its consumer; nothing while traces are off."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from signpost import traces
from signpost.case.instant import DAY, HOUR, MINUTE
from signpost.messaging import Bounds, connect
from signpost.messaging.topology import ADVISOR
from signpost.names import ADVICE, AGENDA
from signpost.services.intake.start import check_start
from signpost.settings import read_settings
from tests.support.intake_parts import NOW, Intake, intake_at, sign_standard
from tests.support.rulebooks import FEW_RULES
from tests.support.worker_loops import due_case
from tests.support.workers_kit import System, few_engines

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDER = f"00-{TRACE}-00f067aa0ba902b7-01"
NAME = "Adelheid Untraceable"
OFFER = {
    "type": "offer.extended",
    "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "o-1", "employer": {"id": "acme"}, "candidate_name": NAME},
}


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    made = InMemorySpanExporter()
    traces.start("test", "otlp", made)
    yield made
    traces.stop()


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return intake_at(tmp_path, rules=FEW_RULES)


@pytest.fixture
def system(intake: Intake, tmp_path: Path) -> System:
    url = f"sqlite:///{tmp_path / 'signpost.db'}"
    return System(intake.store, intake.broker, url, url, now=NOW + MINUTE, engines=few_engines())


def send(intake: Intake, name: str = "msg_1", **headers: str) -> None:
    body = json.dumps(OFFER).encode()
    answer = intake.post("/v1/webhooks/careers", body, {**sign_standard(body, name=name), **headers})
    assert answer.status_code == 202, answer.text


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def trace_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_a_webhook_is_one_trace_to_the_message_of_its_consumer(
    intake: Intake, system: System, exporter: InMemorySpanExporter
) -> None:
    send(intake, traceparent=SENDER)
    [queued] = intake.broker.get(ADVISOR, 10)
    assert str(queued.headers["traceparent"])[3:35] == TRACE
    exporter.clear()
    send(intake, "msg_2", traceparent=SENDER)
    system.work(1)
    spans = by_name(exporter)
    request = spans["POST /v1/webhooks/<anything:name>"]
    assert {trace_id(spans[name]) for name in ("translate", "publish", "evaluate")} == {trace_id(request)} == {TRACE}
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == SENDER[36:52]
    assert dict(request.attributes or {})["http.response.status_code"] == 202
    assert dict(spans["publish"].attributes or {})["messaging.batch.message_count"] == 1
    batch, evaluate = spans["batch"], spans["evaluate"]
    assert batch.context is not None
    assert trace_id(batch) != TRACE
    assert [f"{link.context.trace_id:032x}" for link in batch.links] == [TRACE]
    assert [link.context.span_id for link in evaluate.links] == [batch.context.span_id]
    published = system.published()
    assert published
    assert {str(each.headers["traceparent"])[3:35] for each in published} == {TRACE}
    assert [f"{link.context.trace_id:032x}" for link in spans["outbox publish"].links] == [TRACE]
    assert NAME not in "".join(span.to_json() for span in exporter.get_finished_spans())
    row = next(iter(system.store.recommendations("north", "c-1")))
    assert b"traceparent" not in row.body


def test_a_relay_keeps_the_trace_of_an_outbox_row(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    away = intake_at(tmp_path, broker_url="amqp://guest:guest@127.0.0.1:1/none", rules=FEW_RULES)
    send(away, traceparent=SENDER)
    away.broker.close()
    url = f"sqlite:///{tmp_path / 'signpost.db'}"
    broker = connect(url, bounds=Bounds())
    broker.apply_topology()
    system = System(away.store, broker, url, url, now=NOW + DAY, engines=few_engines())
    assert system.relay().step() == (1, 1)
    [queued] = broker.get(ADVISOR, 10)
    assert str(queued.headers["traceparent"])[3:35] == TRACE
    published = by_name(exporter)["outbox publish"]
    assert dict(published.attributes or {}) == {"messaging.batch.message_count": 1}
    [link] = published.links
    assert f"{link.context.trace_id:032x}" == TRACE
    broker.close()


def test_time_alone_begins_a_trace_of_its_own(intake: Intake, system: System, exporter: InMemorySpanExporter) -> None:
    send(intake, traceparent=SENDER)
    system.work(1)
    exporter.clear()
    system.now += 5 * MINUTE
    woken, outgoing = system.processor().wake(system.clock)
    assert (woken, bool(outgoing)) == (1, True)
    found = {str(each.message.headers["traceparent"])[3:35] for each in outgoing}
    evaluated = by_name(exporter)["evaluate"]
    assert found == {trace_id(evaluated)}
    assert dict(evaluated.attributes or {}) == {"signpost.cases": 1}
    assert TRACE not in found


@pytest.mark.usefixtures("exporter")
def test_an_agenda_goes_on_in_the_trace_of_what_changed_it(intake: Intake, system: System) -> None:
    send(intake)
    system.work(1)
    system.published()
    system.now += HOUR
    send(intake, "msg_2", traceparent=SENDER)
    system.work(1)
    found = {one.exchange: str(one.headers["traceparent"])[3:35] for one in system.published()}
    assert found == {ADVICE: TRACE, AGENDA: TRACE}


@pytest.mark.usefixtures("exporter")
def test_what_time_changes_has_a_trace_in_the_outbox_too(system: System) -> None:
    """The relay may have to publish it."""
    due_case(system.store, "due", system.now)
    _, outgoing = system.processor().wake(system.clock)
    sent = {one.message.message_id: one.message.headers["traceparent"] for one in outgoing}
    assert ADVICE in {one.message.exchange for one in outgoing}
    rows = system.store.outbox.claim(system.now + DAY, system.now + DAY, 99)
    assert {row.message_id: row.headers["traceparent"] for row in rows} == sent


def test_a_turn_without_work_leaves_no_span(system: System, exporter: InMemorySpanExporter) -> None:
    """An idle process has many of them each minute."""
    system.outbox().send([])
    assert system.processor().wake(system.clock) == (0, [])
    assert by_name(exporter) == {}


@pytest.mark.parametrize("sent", ["", "00-zz", f"00-{'0' * 32}-{'0' * 16}-01", "x" * 5000])
def test_an_invalid_traceparent_begins_a_new_trace(intake: Intake, exporter: InMemorySpanExporter, sent: str) -> None:
    send(intake, traceparent=sent)
    [queued] = intake.broker.get(ADVISOR, 10)
    found = str(queued.headers["traceparent"])
    assert len(found) == len(SENDER)
    assert found[3:35] == trace_id(by_name(exporter)["publish"])


def test_a_failed_request_names_the_kind_of_error_only(intake: Intake, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=NAME), traces.span("fails"):
        raise ValueError(NAME)
    [span] = exporter.get_finished_spans()
    assert span.status.description == "ValueError"
    assert NAME not in span.to_json()


def test_nothing_is_carried_or_imported_while_traces_are_off(intake: Intake, system: System) -> None:
    send(intake, traceparent=SENDER)
    system.work(1)
    assert all("traceparent" not in each.headers for each in system.published())
    assert traces.current() == ""
    assert traces.span("one") is traces.span("two")
    code = (
        "import sys; import signpost.services.intake.app, signpost.workers.advisor, signpost.workers.relay; "
        "from signpost import traces; traces.start('advisor', 'off'); traces.stop(); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_without_the_extra_a_process_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MODULES", ("opentelemetry", "no_such_package.inner"))
    settings = read_settings({"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_TRACES": "otlp"})
    with pytest.raises(traces.NotInstalled, match=r"pip install 'signpost\[otel\]'"):
        check_start(settings, {})
    with pytest.raises(traces.NotInstalled):
        traces.start("advisor", "otlp")
    assert not traces.is_on()


def test_request_and_batch_are_one_wide_line_each(
    intake: Intake, system: System, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    send(intake, traceparent=SENDER)
    system.work(1)
    assert intake.get("/livez").status_code == 200
    assert intake.get("/v1/candidates/nobody/advice").status_code == 404
    lines = [vars(record) for record in caplog.records]
    [request] = [
        line for line in lines if line["msg"] == "%s %s" and line["levelname"] == "INFO" and "delivery" in line
    ]
    assert request["message"] == "POST /v1/webhooks/<anything:name>"
    assert (request["status"], request["delivery"], request["events"], request["trace"]) == (202, "dlv_1", 1, TRACE)
    assert request["bytes"] > 0
    assert request["duration_ms"] >= 0
    [batch] = [line for line in lines if line["message"] == "batch handled"]
    assert batch["ids"] == request["ids"]
    assert batch["trace"] == trace_id(by_name(exporter)["batch"])
    [evaluated] = [span for span in exporter.get_finished_spans() if span.name == "evaluate"]
    assert [dict(evaluated.attributes or {})["signpost.event"]] == batch["ids"], "whoever knows the id finds the trace"
    assert "GET /livez" not in by_name(exporter)
    levels: dict[Any, Any] = {line["message"]: line["levelname"] for line in lines if line["msg"] == "%s %s"}
    assert levels["GET /livez"] == "DEBUG"
    assert [line["problem"] for line in lines if line.get("status") == 404] == ["unknown"]
    assert not [line for line in lines if NAME in str(line)]
