"""The embedded publisher: one thread commits all waiting messages in one transaction, then ends their futures."""

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future

from signpost.crash_points import reach
from signpost.messaging.bounds import Bounds
from signpost.messaging.embedded.file import File
from signpost.messaging.embedded.routing import NoSuchExchange, Router
from signpost.messaging.message import (
    Message,
    PublishFailed,
    PublishRefused,
    PublishReturned,
    PublishUnknown,
    QueueFull,
    Unsendable,
)

log = logging.getLogger(__name__)

MAX_BATCH = 500
"""Messages per transaction, so that other writers get their turn."""

Entry = tuple[Message, Future[None], float]
Failure = PublishFailed | Unsendable


class EmbeddedPublisher:
    """Publishes into the SQLite file; every future ends within publish_timeout_s plus one transaction."""

    def __init__(self, path: str, bounds: Bounds) -> None:
        self._bounds = bounds
        # Waiting for the write lock may take at most half of a message's time
        self._file = File(path, min(bounds.busy_timeout_s, bounds.publish_timeout_s / 2))
        self._waiting: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._open = 0
        self.problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="signpost embedded publisher", daemon=True)
        self._thread.start()

    def publish(self, message: Message) -> Future[None]:
        """See Publisher.publish. Waits at most `bounds.publish_timeout_s` while too many messages are unconfirmed."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        deadline = time.monotonic() + self._bounds.publish_timeout_s
        wait = 0.0 if threading.current_thread() is self._thread else self._bounds.publish_timeout_s
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._open < self._bounds.max_unconfirmed, wait)
            if self._closed or self._open >= self._bounds.max_unconfirmed:
                reason = (
                    "the publisher is closed"
                    if self._closed
                    else f"{self._open} messages are unconfirmed; publish again later"
                )
                future.set_exception(PublishRefused(reason))
                return future
            self._open += 1
            self._waiting.append((message, future, deadline))
            self._changed.notify_all()
        return future

    def close(self, timeout_s: float) -> None:
        """Flush for up to `timeout_s`, refuse the rest, stop."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open == 0, timeout_s)
            left, self._waiting = list(self._waiting), deque()
        self._finish([(future, PublishRefused("the publisher was closed")) for _, future, _ in left])
        if threading.current_thread() is not self._thread:
            self._thread.join(self._bounds.busy_timeout_s + 1.0)
        self._file.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
                if not batch:
                    return
            self._finish(self._attempt(batch))

    def _attempt(self, batch: list[Entry]) -> list[tuple[Future[None], Failure | None]]:
        """Commit a batch; returns a result for every future, whatever fails."""
        now = time.monotonic()
        fresh = [entry for entry in batch if entry[2] > now]
        results: list[tuple[Future[None], Failure | None]] = [
            (future, PublishRefused(f"not sent within {self._bounds.publish_timeout_s:g} s"))
            for _, future, deadline in batch
            if deadline <= now
        ]
        began = False
        try:
            with self._file.write_transaction() as connection:
                began = True
                router = Router(connection)
                written = [(future, _put(router, message)) for message, future, _ in fresh]
                reach("embedded messages written")
            self.problem = None
        except Exception as error:
            log.warning(
                "embedded queue: writing %d messages failed, their publishers must retry: %r", len(fresh), error
            )
            self.problem = f"the database does not accept messages: {error}"
            kind = PublishUnknown if began else PublishRefused
            written = [(future, kind(self.problem)) for _, future, _ in fresh]
        return results + written

    def _finish(self, results: list[tuple[Future[None], Failure | None]]) -> None:
        with self._changed:
            self._open -= len(results)
            self._changed.notify_all()
        for future, error in results:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


def _put(router: Router, message: Message) -> Failure | None:
    try:
        targets = router.targets(message.exchange, message.routing_key)
    except NoSuchExchange:
        return PublishRefused(f"there is no exchange {message.exchange}; run `signpost topology apply`")
    if not targets:
        return PublishReturned(f"no route: exchange {message.exchange}, routing key {message.routing_key}")
    full = [queue for queue in targets if router.is_full(queue)]
    if full:
        return QueueFull(f"queue {full[0]} is full; exchange {message.exchange}, routing key {message.routing_key}")
    address = (message.exchange, message.routing_key, message.message_id, message.content_type)
    try:
        router.put(targets, (*address, message.headers, message.body))
    except (ValueError, TypeError) as error:
        return Unsendable(f"the message cannot be stored: {type(error).__name__}")
    return None
