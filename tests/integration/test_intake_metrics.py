"""What the intake counts: requests, events accepted and refused, webhooks, and where it shows metrics."""

import contextlib
from pathlib import Path

import pytest
from flask import Flask

from signpost.case.instant import format_instant
from signpost.services.intake.measuring import blueprint
from signpost.storage import Rate
from tests.support.intake_parts import DEAD_BROKER, NOW, intake_at, sign_greenhouse
from tests.support.metrics import counting

EVENT = {
    "specversion": "1.0", "id": "e-1", "source": "s", "type": "signpost.offer.extended.v1",
    "time": format_instant(NOW), "subject": "c-1", "data": {"offer": "acme"},
}  # fmt: skip
BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    """The folder of the counts."""
    folder = tmp_path / "counts"
    folder.mkdir()
    return folder


def test_requests_events_and_problems_are_counted(tmp_path: Path, counts: Path) -> None:
    with counting("intake", counts) as value:
        intake = intake_at(tmp_path)
        assert intake.send(EVENT).status_code == 202
        assert intake.send([EVENT, {"id": "e-2"}], BATCH).status_code == 207
        assert intake.send({"id": "e-3"}).status_code == 422
        assert intake.get("/v1/recommendations", key="sp_wrong").status_code == 401
        assert intake.get("/wp-login.php").status_code == 404
        [queued, _] = [delivery.headers for delivery in intake.broker.get("signpost.advisor", 10)]
        assert queued["x-signpost-accepted-at"] == NOW
        assert value("signpost_events_accepted_total", stored="broker") == 2
        assert value("signpost_events_refused_total", reason="refused") == 2
        assert value("signpost_http_problems_total", kind="unauthorized") == 1
        assert value("signpost_http_requests_total", route="/v1/events", method="POST", status="2xx") == 2
        assert value("signpost_http_requests_total", route="none", status="4xx") == 1
        assert value("signpost_http_request_duration_seconds_count", route="/v1/events") == 3


def test_webhooks_are_counted_by_outcome(tmp_path: Path, counts: Path) -> None:
    with counting("intake", counts) as value:
        intake = intake_at(tmp_path)
        for body in (b'{"action": "ping", "payload": {}}', b'{"action": "new_thing", "payload": {}}', b"{"):
            intake.post("/v1/webhooks/acme", body, sign_greenhouse(body))
        intake.post("/v1/webhooks/acme", b"{}", {})
        assert value("signpost_deliveries_total", vendor="greenhouse", outcome="ignored") == 1
        assert value("signpost_deliveries_total", vendor="greenhouse", outcome="unknown") == 1
        assert value("signpost_deliveries_total", vendor="greenhouse", outcome="refused") == 1
        assert value("signpost_deliveries_total") == 3
        assert value("signpost_events_refused_total", reason="unsigned") == 1


def test_the_rate_limit_and_the_outbox_are_counted(tmp_path: Path, counts: Path) -> None:
    with counting("intake", counts) as value:
        intake = intake_at(tmp_path, DEAD_BROKER, rate=Rate(1, 1))
        with contextlib.closing(intake.broker):
            assert [intake.send(EVENT).status_code for _ in range(2)] == [202, 429]
        assert value("signpost_rate_limited_total") == 1
        assert value("signpost_events_accepted_total", stored="outbox") == 1
        assert value("signpost_events_refused_total", reason="too-many") == 1


def test_metrics_are_served_only_where_the_settings_say(tmp_path: Path) -> None:
    answer = intake_at(tmp_path).get("/metrics")
    assert answer.status_code == 404
    assert "SIGNPOST_METRICS_BIND" in answer.json["detail"]  # type: ignore[index]
    app = Flask("test")
    app.register_blueprint(blueprint(lambda: b"signpost_ready 1\n"))
    shown = app.test_client().get("/metrics")
    assert (shown.status_code, shown.data) == (200, b"signpost_ready 1\n")
    assert shown.content_type.startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("method", ["FOO", "GET"])
def test_a_client_cannot_make_series(tmp_path: Path, counts: Path, method: str) -> None:
    with counting("intake", counts) as value:
        intake_at(tmp_path).client.open("/livez", method=method)
        expected = "other" if method == "FOO" else "GET"
        assert value("signpost_http_requests_total", method=expected) == 1
