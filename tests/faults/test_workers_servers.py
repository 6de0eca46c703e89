"""Broker and database killed while the workers run: nothing lost, nothing parked, nobody restarted."""

from pathlib import Path

import pytest

from signpost.messaging.topology import ADVISOR
from signpost.names import DEAD
from tests.support import servers
from tests.support.private_servers import PrivatePostgreSQL, PrivateRabbitMQ, wait_until
from tests.support.workers_kit import open_system
from tests.support.workers_kit import recent_event as event
from tests.support.workers_processes import WorkerProcess, count_seen_events, kill_afterwards, wait_until_drained


@pytest.mark.faults
def test_servers_that_go_away_and_come_back_cost_nothing(
    private_rabbitmq: PrivateRabbitMQ, private_postgres: PrivatePostgreSQL, tmp_path: Path
) -> None:
    """Both servers are killed, as by a power cut, while the advisor works; it is never restarted."""
    broker_url = private_rabbitmq.url()
    with servers.database(private_postgres.url()) as database_url, open_system(database_url, broker_url) as signpost:
        sent = [event("offer.extended", f"c-{number}", offer="o-1") for number in range(300)]
        urls = (database_url, broker_url)
        advisor, relay = (
            WorkerProcess(name, tmp_path, *urls, batch_size="5", prefetch="20", outbox_lease="1")
            for name in ("advisor", "relay")
        )
        with kill_afterwards(advisor, relay):
            signpost.send(*sent[:100])
            with count_seen_events(database_url) as seen:
                wait_until(lambda: seen() >= 20, "some events to be seen", 60)
            wait_until(lambda: "relay runs" in relay.log.read_text(), "the relay to run", 60)
            private_postgres.kill()
            wait_until(lambda: "deliveries not committed" in advisor.log.read_text(), "the advisor to notice", 30)
            private_postgres.start()
            signpost.send(*sent[100:200])
            with count_seen_events(database_url) as seen:
                wait_until(lambda: seen() >= 120, "more events to be seen", 60)
            private_rabbitmq.kill()
            wait_until(lambda: "RabbitMQ cannot be reached" in advisor.log.read_text(), "the advisor to notice", 60)
            private_rabbitmq.start()
            wait_until(lambda: signpost.broker.publisher().problem is None, "our own publisher to be back", 60)
            signpost.send(*sent[200:])
            with count_seen_events(database_url) as seen:
                wait_until(lambda: seen() == 300, "all events to be seen", 90)
            wait_until_drained(signpost.broker, ADVISOR, lambda: signpost.store.outbox_depth(0).waiting, 60)
            assert advisor.runs
            assert (advisor.stop(), relay.stop()) == (0, 0)
        emitted = {each.message_id for each in signpost.published()}
        feed, _ = signpost.store.feed("acme", limit=10_000)
        assert emitted == {f"{row.recommendation_id}.{row.sequence}" for row in feed}
        assert signpost.broker.queue_depth(DEAD) == 0
