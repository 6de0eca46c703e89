"""One webhook is one trace from HTTP to the queue of its consumer, through RabbitMQ."""

import contextlib
import json
from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from signpost import traces
from signpost.case.instant import MINUTE
from signpost.messaging import connect
from signpost.messaging.topology import ADVISOR, UNROUTED
from tests.support.intake_parts import NOW, intake_at, sign_standard
from tests.support.rulebooks import FEW_RULES
from tests.support.vhosts import PATIENT
from tests.support.workers_kit import System, few_engines

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OFFER = {
    "type": "offer.extended",
    "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "o-1", "employer": {"id": "acme"}},
}


def test_a_webhook_is_one_trace_through_rabbitmq(tmp_path: Path, rabbitmq_url: str) -> None:
    body = json.dumps(OFFER).encode()
    exporter = InMemorySpanExporter()
    url = rabbitmq_url
    with contextlib.closing(connect(url, bounds=PATIENT)) as broker, contextlib.ExitStack() as stack:
        broker.apply_topology()
        # Other tests of this process use the virtual host, too
        for queue in (ADVISOR, UNROUTED):
            broker.purge(queue)
        intake = intake_at(tmp_path, broker_url=url, rules=FEW_RULES)
        stack.callback(intake.broker.close)
        traces.start("test", "otlp", exporter)
        stack.callback(traces.stop)
        headers = {**sign_standard(body), "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        assert intake.post("/v1/webhooks/careers", body, headers).status_code == 202
        system = System(intake.store, broker, f"sqlite:///{tmp_path / 'signpost.db'}", url, NOW + MINUTE)
        system.engines = few_engines()
        system.work(1)
        published = system.published()
        assert published
        assert {str(each.headers["traceparent"])[3:35] for each in published} == {TRACE}
        [batch] = [span for span in exporter.get_finished_spans() if span.name == "batch"]
        assert [f"{link.context.trace_id:032x}" for link in batch.links] == [TRACE]
