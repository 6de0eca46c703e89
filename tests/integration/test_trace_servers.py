"""`signpost trace` with PostgreSQL and RabbitMQ: the same life, and what is said when the broker is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.doctor import Site
from signpost.doctor.trace import Tracer
from signpost.settings import read_settings
from tests.support.workers_kit import System, addresses, event, few_engines, open_system


@pytest.fixture
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    with addresses("rabbitmq", request) as urls, open_system(*urls) as made:
        made.engines = few_engines()
        yield made


def test_a_life_is_read_from_servers(system: System, tmp_path: Path) -> None:
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_DATABASE_URL": system.database_url}
    system.handle(event("offer.extended", id="e-1", offer="o-1", at=999))
    for url, gap in ((system.broker_url, ""), ("amqp://guest:guest@127.0.0.1:1/none", "what lies in queues")):
        site = Site(read_settings({**environ, "SIGNPOST_BROKER_URL": url}), {})
        [life] = Tracer(site).trace("e-1")["lives"]
        site.close()
        steps = [step["step"] for step in life["steps"]]
        assert {"folded", "advice", "published", "standing"} <= set(steps)
        assert ("unrouted" in steps) == (not gap)
        raised = next(step["recommendation"] for step in life["steps"] if step["step"] == "advice")
        unrouted = [step["messages"] for step in life["steps"] if step["step"] == "unrouted"]
        assert all(f"{raised}.1" in messages for messages in unrouted)
        assert any("`signpost consumers add`" in text for text in life["waits_for"]) == (not gap)
        assert any(text.startswith(gap) for text in life["not_known"])
