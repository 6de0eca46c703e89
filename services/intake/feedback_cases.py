"""Gives feedback among the events of a request the case of its recommendation, as the advisor does with feedback from
the broker. Without it, an answer under another subject would be stored with a case that has no such advice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from signpost.case.event import Event
from signpost.errors import TransientError
from signpost.names import FEEDBACK_TYPES
from signpost.schemas import InvalidEvent, Problem
from signpost.storage import FeedbackTarget, Store

UNKNOWN: Final = Problem("/data/recommendation", "the tenant has no recommendation with this id")


@dataclass(frozen=True, slots=True)
class FeedbackCases:
    """The recommendations that the feedback of one request names; `targets`: None while the database is away."""

    targets: Mapping[tuple[str, str], FeedbackTarget] | None

    def of(self, event: Event) -> Event:
        """The event, with the case of its recommendation if it is feedback. Raises InvalidEvent.

        Without the database every event is accepted under its own subject.
        """
        if self.targets is None or not _is_feedback(event):
            return event
        target = self.targets.get(_name(event))
        if target is None:
            raise InvalidEvent([UNKNOWN])
        return replace(event, subject=target.case_key)


def find_cases(store: Store, events: Iterable[Event]) -> FeedbackCases:
    """Look up, with one query, the recommendations that these events answer."""
    names = {_name(event) for event in events if _is_feedback(event)}
    try:
        return FeedbackCases(store.feedback_targets(names) if names else {})
    except TransientError:
        return FeedbackCases(None)


def with_cases(store: Store, events: Sequence[Event]) -> tuple[Event, ...]:
    """These events, feedback with the case of its recommendation. Raises InvalidEvent if one is unknown."""
    found = find_cases(store, events)
    return tuple(map(found.of, events))


def _is_feedback(event: Event) -> bool:
    return event.type.startswith(FEEDBACK_TYPES)


def _name(event: Event) -> tuple[str, str]:
    return event.tenant, str(event.data["recommendation"])
