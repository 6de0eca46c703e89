"""A consumer of recommendations and agendas with pika: manual acks, deduplication, changes in order, reconnects.

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
STATE_FILE = os.environ.get("STATE_FILE", "consumer.db")


def open_database(path: str) -> sqlite3.Connection:
    """The database of this consumer: ids of handled events, and the latest state of each recommendation or agenda."""
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS latest (id TEXT PRIMARY KEY, sequence INTEGER, data TEXT)")
    return database


def handle(database: sqlite3.Connection, body: bytes) -> None:
    """Store one change in one transaction. Raises ValueError, KeyError or TypeError for an invalid message."""
    event = json.loads(body)
    data = event["data"]  # a recommendation, or a whole agenda: its cards in order
    titles = [card["title"] for card in data["cards"]] if "cards" in data else [data["title"]]
    row = (data["id"], data["sequence"], json.dumps(data))
    with database:  # one transaction for the id and the effect
        if database.execute("INSERT OR IGNORE INTO handled VALUES (?)", (event["id"],)).rowcount == 0:
            return  # redelivered
        database.execute(
            "INSERT INTO latest VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence, "
            "data = excluded.data WHERE excluded.sequence > latest.sequence",  # a late older change has no effect
            row,
        )
    print(event["id"], data.get("change", "agenda"), *titles, sep="  ", flush=True)


def consume(database: sqlite3.Connection) -> None:
    """Handle messages until the connection breaks."""
    connection = pika.BlockingConnection(pika.URLParameters(URL))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=50)
    for method, _, body in channel.consume(QUEUE):
        try:
            handle(database, body)
        except (ValueError, KeyError, TypeError) as error:
            print(f"rejected, neither a recommendation nor an agenda: {error!r}", file=sys.stderr, flush=True)
            channel.basic_reject(method.delivery_tag, requeue=False)  # to the dead-letter queue of this consumer
        else:
            channel.basic_ack(method.delivery_tag)


def main() -> None:
    """Consume; reconnect with growing pauses after a lost connection."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    database, pause_s = open_database(STATE_FILE), 1.0
    while True:
        started = time.monotonic()
        try:
            consume(database)
        except (AMQPError, OSError) as error:
            pause_s = 1.0 if time.monotonic() - started > 60 else min(pause_s * 2, 60.0)
            print(f"connection lost, reconnecting in {pause_s:.0f} s: {error!r}", file=sys.stderr, flush=True)
            time.sleep(pause_s)


if __name__ == "__main__":
    main()
