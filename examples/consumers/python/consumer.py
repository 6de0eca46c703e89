"""A complete consumer of recommendations, with pika: manual acks, every event once, changes in order, reconnects.

AMQP_URL=amqp://USER:PASSWORD@HOST/VHOST QUEUE=signpost.consumer.notifier python consumer.py
"""

import json
import os
import signal
import sqlite3
import sys
import time

import pika
from pika.exceptions import AMQPError

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F")
QUEUE = os.environ.get("QUEUE", "signpost.consumer.notifier")
MEMORY = os.environ.get("MEMORY", "consumer.db")


def opened(path: str) -> sqlite3.Connection:
    """What this consumer remembers: the events it has handled, and what stands."""
    memory = sqlite3.connect(path)
    memory.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")
    columns = "recommendation TEXT PRIMARY KEY, sequence INTEGER, status TEXT, title TEXT"
    memory.execute(f"CREATE TABLE IF NOT EXISTS standing ({columns})")
    return memory


def handle(memory: sqlite3.Connection, body: bytes) -> None:
    """Take in one change, whole or not at all. Raises ValueError, KeyError or TypeError for what is none."""
    event = json.loads(body)
    told = event["data"]
    change = (told["id"], told["sequence"], told["status"], told["title"])
    with memory:  # one transaction: the id and the effect are kept together, so that neither is without the other
        if memory.execute("INSERT OR IGNORE INTO handled VALUES (?)", (event["id"],)).rowcount == 0:
            return  # delivered again
        newer = "sequence = excluded.sequence, status = excluded.status, title = excluded.title"
        memory.execute(
            f"INSERT INTO standing VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET {newer} "
            "WHERE excluded.sequence > standing.sequence",  # an older change that comes late changes nothing
            change,
        )
    print(event["id"], told["change"], told["title"], flush=True)


def consume(memory: sqlite3.Connection) -> None:
    """Handle messages until the connection breaks."""
    connection = pika.BlockingConnection(pika.URLParameters(URL))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=50)
    for method, _, body in channel.consume(QUEUE):
        try:
            handle(memory, body)
        except (ValueError, KeyError, TypeError) as error:
            print(f"not a recommendation: {error!r}", file=sys.stderr, flush=True)
            channel.basic_reject(method.delivery_tag, requeue=False)  # to the dead letters of this consumer
        else:
            channel.basic_ack(method.delivery_tag)


def main() -> None:
    """Consume, and connect again, ever more slowly, when the broker is away."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    memory, pause = opened(MEMORY), 1.0
    while True:
        began = time.monotonic()
        try:
            consume(memory)
        except (AMQPError, OSError) as error:
            pause = 1.0 if time.monotonic() - began > 60 else min(pause * 2, 60.0)
            print(f"connecting again in {pause:.0f} s: {error!r}", file=sys.stderr, flush=True)
            time.sleep(pause)


if __name__ == "__main__":
    main()
