"""Checks feedback from the broker: who may answer, to which recommendation, and when. Uses no broker.

The rules and their reasons: docs/decisions/0021-bind-feedback-to-a-broker-user.md.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.names import FEEDBACK_SOURCE
from signpost.schemas.cloudevent import MAX_AHEAD_US
from signpost.storage import ConsumerRow, FeedbackTarget, Transaction


class InvalidFeedback(CallerError):
    """Feedback that its publisher may not send."""


class FeedbackDesk:
    """Admits feedback within one transaction. `events`: the feedback of the batch; `now` in microseconds."""

    def __init__(self, tx: Transaction, events: Collection[Event], now: int) -> None:
        self._now = now
        self._targets: Mapping[tuple[str, str], FeedbackTarget] = {}
        self._patterns: Mapping[str, Sequence[str]] = {}
        if events:
            self._targets = tx.feedback_targets({(event.tenant, _recommendation(event)) for event in events})
            self._patterns = patterns_of_users(tx.consumers().values())

    def admit(self, event: Event, user: str) -> Event:
        """The event as it is stored: its source and its case do not depend on what the publisher wrote. `user`: the
        validated broker user, "" if the message names none. Raises InvalidFeedback."""
        if event.time > self._now + MAX_AHEAD_US:
            raise InvalidFeedback("its time is more than 5 minutes ahead of the advisor's clock")
        target = self._targets.get((event.tenant, _recommendation(event)))
        self._check_user(user, event.tenant, target.audience if target else "")
        if target is None:
            raise InvalidFeedback("the tenant has no recommendation with this id")
        source = f"{FEEDBACK_SOURCE}/{quote(user, safe='')}/{event.source}"
        return replace(event, source=source, subject=target.case_key)

    def _check_user(self, user: str, tenant: str, audience: str) -> None:
        """While no consumer has a user of its own, the broker belongs to one owner, whose publishers are trusted."""
        if not self._patterns:
            return
        if user not in self._patterns:
            raise InvalidFeedback(
                "consumers have users of their own here: set user_id to the user of a registered consumer"
            )
        if not any(covers(pattern, tenant, audience) for pattern in self._patterns[user]):
            raise InvalidFeedback("the consumers of this user do not receive this recommendation")


def patterns_of_users(consumers: Collection[ConsumerRow]) -> dict[str, list[str]]:
    """Broker user -> the binding patterns of its consumers; without consumers that have no user of their own."""
    patterns: dict[str, list[str]] = {}
    for consumer in consumers:
        if consumer.user:
            patterns.setdefault(consumer.user, []).extend(consumer.patterns)
    return patterns


def covers(pattern: str, tenant: str, audience: str) -> bool:
    """Whether a binding pattern can match advice, or agendas, of a tenant for an audience."""
    for word, value in zip(pattern.removeprefix("agenda:").split("."), (tenant, audience), strict=False):
        if word == "#":
            return True
        if word not in ("*", value):
            return False
    return True


def _recommendation(event: Event) -> str:
    return str(event.data["recommendation"])
