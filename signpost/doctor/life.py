"""What is known of the life of an event, webhook, recommendation or candidate: steps, waits, gaps. Reads nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from signpost.case.instant import format_instant
from signpost.storage.lookup import TracedChange

SECOND: Final = 1_000_000
ORDER: Final = (
    "received",
    "translated",
    "accepted",
    "folded",
    "merged",
    "advice",
    "agenda",
    "erased",
    "dead letter",
    "outbox",
    "published",
    "unrouted",
    "standing",
)
"""The steps, in the order in which they happen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `at`: microseconds; None where nothing stored says when."""

    what: str
    text: str
    at: int | None = None
    ids: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Life:
    """The life of one id in one tenant. `events`: id -> source, "" where unknown; `folded`: those in a case."""

    kind: str
    id: str
    tenant: str
    steps: list[Step] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    """What it waits for, each with what to do."""
    gaps: list[str] = field(default_factory=list)
    """What cannot be known, and why."""
    events: dict[str, str] = field(default_factory=dict)
    folded: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    """Events that wait for nothing, although no case has them: erased, refused or in the outbox."""
    messages: set[str] = field(default_factory=set)
    """Ids of the messages that its advice became."""

    def add(self, what: str, text: str, at: int | None = None, **ids: Any) -> None:
        """Add a step, once."""
        step = Step(what, text, at, ids)
        if step not in self.steps:
            self.steps.append(step)

    def ordered(self) -> list[Step]:
        """The steps by time; those without one in their place by kind."""
        placed: list[tuple[int, int, Step]] = []
        for step in sorted(self.steps, key=lambda one: ORDER.index(one.what)):
            latest = max((at for at, _, _ in placed), default=0)
            placed.append((latest if step.at is None else step.at, ORDER.index(step.what), step))
        return [step for _, _, step in sorted(placed, key=lambda one: one[:2])]

    def to_document(self) -> dict[str, Any]:
        """The life as JSON; `after_s`: seconds since the step before that has a time."""
        steps: list[dict[str, Any]] = []
        before: int | None = None
        for step in self.ordered():
            after = None if before is None or step.at is None else round((step.at - before) / SECOND, 6)
            before = before if step.at is None else step.at
            at = None if step.at is None else format_instant(step.at)
            steps.append({"at": at, "after_s": after, "step": step.what, "text": step.text, **step.ids})
        return {
            "kind": self.kind,
            "id": self.id,
            "tenant": self.tenant,
            "steps": steps,
            "waits_for": self.waits,
            "not_known": self.gaps,
        }


def data_of(change: TracedChange) -> dict[str, Any]:
    """The recommendation of a change."""
    data: dict[str, Any] = orjson.loads(change.body)["data"]
    return data


def evidence_of(data: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(source, id) of the events that the explanation of a change names."""
    named = (fact["event"] for fact in data["explanation"]["because"])
    return {(event["source"], event["id"]) for event in named if event}


def related(changes: Sequence[TracedChange], events: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Recommendation -> how it is connected with some events, (source, id) -> when it was folded.

    A change in the transaction of an event has its instant, also where the event is no evidence: it may end advice.
    """
    found: dict[str, str] = {}
    for change in changes:
        if evidence_of(data_of(change)) & events.keys():
            found[change.recommendation_id] = "its evidence names the event"
        elif change.at in events.values():
            found.setdefault(change.recommendation_id, "changed in the transaction of the event")
    return found
