"""Routing keys whose messages the broker refuses: one message of each is tried, ever more rarely. Uses no broker."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from signpost.case.instant import MINUTE
from signpost.storage import OutboxRow

Key: TypeAlias = tuple[str, str]  # exchange, routing key
MAX_PAUSE_US: Final = 10 * MINUTE
"""The longest time between two attempts for one routing key."""
MAX_NAMED: Final = 3


@dataclass(slots=True)
class _Refusal:
    pause: int
    retry_at: int

    def is_due(self, now: int) -> bool:
        """Whether to try again; also if the clock was set back meanwhile."""
        return not now < self.retry_at <= now + self.pause


class RefusedKeys:
    """If one of several queues is full, the broker refuses a message that the others have taken: each attempt gives
    them a copy. So of all waiting messages of such a routing key only one is published, to find out.

    Kept in memory: after a restart every message is tried once.
    """

    def __init__(self, first_pause: int) -> None:
        """`first_pause`: microseconds until the second attempt; doubles up to MAX_PAUSE_US."""
        self._first_pause = first_pause
        self._refused: dict[Key, _Refusal] = {}

    def split(self, rows: Iterable[OutboxRow], now: int) -> tuple[list[OutboxRow], dict[int, list[int]]]:
        """The rows to publish, and instant -> ids of the rows to keep until then."""
        publish: list[OutboxRow] = []
        keep: dict[int, list[int]] = {}
        tried: set[Key] = set()
        for row in rows:
            refusal = self._refused.get(key_of(row))
            if refusal is None or (refusal.is_due(now) and key_of(row) not in tried):
                publish.append(row)
                tried.add(key_of(row))
            else:
                keep.setdefault(max(refusal.retry_at, now + refusal.pause), []).append(row.id)
        return publish, keep

    def add(self, keys: Iterable[Key], now: int) -> None:
        """Note that the broker refused messages with these keys."""
        for key in set(keys):
            known = self._refused.get(key)
            pause = min(known.pause * 2, MAX_PAUSE_US) if known else self._first_pause
            self._refused[key] = _Refusal(pause, now + pause)

    def remove(self, keys: Iterable[Key]) -> list[Key]:
        """Note that the broker accepts messages with these keys; returns those that it refused before."""
        return [key for key in set(keys) if self._refused.pop(key, None) is not None]

    def format_keys(self) -> str:
        """The refused keys for a log line; empty if there are none."""
        named = [f"{exchange} {key}" for exchange, key in sorted(self._refused)[:MAX_NAMED]]
        more = len(self._refused) - len(named)
        return ", ".join([*named, *([f"and {more} more"] if more else [])])


def key_of(row: OutboxRow) -> Key:
    """What decides which queues get a message."""
    return row.exchange, row.routing_key
