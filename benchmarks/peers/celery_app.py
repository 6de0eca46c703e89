"""The job on Celery: one process (pool `solo`), late acknowledgement, a quorum queue, confirms."""

import sys
import threading
import time
from typing import Any

from celery import Celery
from kombu.pools import producers

from benchmarks.peers.environment import RESULT
from benchmarks.peers.job import Job, read_documents
from signpost.messaging import Message

broker_url, database_url, path = sys.argv[1:]
app = Celery("peer", broker=broker_url)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue="peer.celery",
    task_default_queue_type="quorum",
    task_default_exchange_type="topic",
    worker_detect_quorum_queues=True,
    worker_prefetch_multiplier=100,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)


def publish(message: Message) -> None:
    """Publish a recommendation; returns once it is confirmed."""
    with app.connection_for_write() as connection, producers[connection].acquire(block=True) as producer:
        producer.publish(
            message.body,
            exchange=message.exchange,
            routing_key=message.routing_key,
            message_id=message.message_id,
            content_type=message.content_type,
            content_encoding="utf-8",
            headers=dict(message.headers),
            delivery_mode=2,
            mandatory=True,
            retry=True,
        )


job = Job(database_url, publish)
times: list[float] = []


@app.task(name="peer.handle")  # type: ignore[untyped-decorator]
def handle(document: dict[str, Any]) -> None:
    """The task."""
    times.append(time.perf_counter())
    job.run(document)
    times.append(time.perf_counter())


def main() -> None:
    """Send all events, then handle them; print the seconds."""
    documents = read_documents(path)
    for document in documents:
        handle.delay(document)
    worker = app.Worker(pool="solo", concurrency=1, loglevel="ERROR", without_gossip=True, without_mingle=True)
    threading.Thread(target=_stop_when_done, args=(worker, 2 * len(documents)), daemon=True).start()
    worker.start()


def _stop_when_done(worker: Any, count: int) -> None:
    while len(times) < count:
        time.sleep(0.05)
    print(f"{RESULT}{times[-1] - times[0]}", flush=True)
    worker.stop()


if __name__ == "__main__":
    main()
