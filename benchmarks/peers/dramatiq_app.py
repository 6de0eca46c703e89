"""The job on Dramatiq: one process with one thread, confirms; it acknowledges late by itself."""

import sys
import time
from typing import Any

import dramatiq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.peers.environment import RESULT
from benchmarks.peers.job import Job, read_documents
from signpost.messaging import Message

broker_url, database_url, path = sys.argv[1:]
broker = RabbitmqBroker(url=broker_url, confirm_delivery=True)
dramatiq.set_broker(broker)
times: list[float] = []
channels: list[Any] = []


def publish(message: Message) -> None:
    """Publish a recommendation; returns once it is confirmed."""
    if not channels:
        channels.append(pika.BlockingConnection(pika.URLParameters(broker_url)).channel())
        channels[0].confirm_delivery()
    properties = pika.BasicProperties(
        content_type=message.content_type,
        message_id=message.message_id,
        headers=dict(message.headers),
        delivery_mode=2,
    )
    channels[0].basic_publish(message.exchange, message.routing_key, message.body, properties, mandatory=True)


job = Job(database_url, publish)


@dramatiq.actor(queue_name="peer.dramatiq")  # type: ignore[untyped-decorator]
def handle(document: dict[str, Any]) -> None:
    """The actor."""
    times.append(time.perf_counter())
    job.run(document)
    times.append(time.perf_counter())


def main() -> None:
    """Send all events, then handle them; print the seconds."""
    documents = read_documents(path)
    for document in documents:
        handle.send(document)
    worker = dramatiq.Worker(broker, worker_threads=1)
    worker.start()
    while len(times) < 2 * len(documents):
        time.sleep(0.05)
    print(f"{RESULT}{times[-1] - times[0]}", flush=True)
    worker.stop()
    broker.close()


if __name__ == "__main__":
    main()
