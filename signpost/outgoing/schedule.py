"""When a message is tried again, when an endpoint rests, and when it is disabled. Pure."""

from dataclasses import dataclass
from typing import Final

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.storage import Attempt, EndpointRow, Settled
from signpost.storage.endpoint_rows import TEST

DELAYS_US: Final = (
    5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR,
)  # fmt: skip
"""The pause after each failed attempt; the last one repeats."""
MAX_JITTER: Final = 0.2
"""The largest random part that is added to a pause."""
LONGEST_US: Final = int(DELAYS_US[-1] * (1 + MAX_JITTER))
"""The longest pause."""
TRIP: Final = 5
"""Failures in a row from which on the endpoint as a whole rests, by the same pauses, with one attempt after each."""
MAX_RETRY_AFTER_US: Final = HOUR
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Patience:
    """`disable_us`: how long an endpoint may fail, and how long one message may be refused."""

    disable_us: int = 3 * DAY


def delay(failures: int, jitter: float) -> int:
    """The pause after so many failures, at least 1, in microseconds; `jitter`: 0 to 1, random."""
    pause = DELAYS_US[min(failures, len(DELAYS_US)) - 1]
    return pause + int(pause * MAX_JITTER * jitter)


def settle(
    endpoint: EndpointRow,
    attempt: Attempt,
    *,
    jitter: float,
    patience: Patience,
    retry_after: int | None = None,
    keep_body: bool = False,
) -> Settled:
    """What follows from an attempt that ended at `attempt.at` plus its duration. `endpoint` as it was when the message
    was claimed; `retry_after` (microseconds): what the receiver asked for."""
    if attempt.succeeded:
        return Settled(attempt, keep_body=keep_body, recovers=endpoint.failures >= TRIP)
    now, message = attempt.at + attempt.duration, attempt.message
    asked = min(retry_after or 0, MAX_RETRY_AFTER_US)
    failures = endpoint.failures + 1
    rest = delay(failures - TRIP + 1, jitter) if failures >= TRIP else 0
    pause = max(rest, asked)
    first = message.first_attempt or attempt.at
    return Settled(
        attempt,
        due=now + max(delay(message.attempts + 1, jitter), asked),
        set_aside=now - first >= patience.disable_us,
        paused_until=now + pause if pause else 0,
        disable=_reason(endpoint, attempt, now, patience),
        keep_body=keep_body,
    )


def _reason(endpoint: EndpointRow, attempt: Attempt, now: int, patience: Patience) -> str:
    if attempt.message.item == TEST:
        return ""
    if attempt.status == GONE:
        return "the receiver answered 410 Gone"
    since = endpoint.failing_since
    if since is not None and now - since >= patience.disable_us:
        return f"no message was accepted for {patience.disable_us / DAY:g} days; the last attempt: {attempt.detail}"
    return ""
