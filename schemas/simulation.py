"""What `POST /v1/simulate` takes: events that have not happened, and the time to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.case.event import Event
from signpost.case.instant import DAY, parse_instant
from signpost.schemas.cloudevent import load_event
from signpost.schemas.containers import Items
from signpost.schemas.custom import NONE_DECLARED, OwnKinds
from signpost.schemas.fields import Instant
from signpost.schemas.problems import InvalidEvent, Problem, problems_of
from signpost.schemas.recommendation import AnyObject, Key

MOST_EVENTS = 200
FURTHEST = 366 * DAY


class SimulationSchema(Schema):
    """`candidate`: whose case (that of the first event where left out); `at`: from when (now where left out; of the
    past: what was known then, nothing of it told yet); `until`: to when (`at`, or the time of the last event)."""

    class Meta:
        unknown = RAISE

    candidate = Key()
    at = Instant()
    until = Instant()
    events = Items(AnyObject(), required=True, most=MOST_EVENTS, distinct=False)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulation that can be run; instants in microseconds."""

    candidate: str
    events: list[Event]
    at: int
    until: int


def load_simulation(document: Any, *, tenant: str, now: int, own: OwnKinds = NONE_DECLARED) -> Simulation:
    """A simulation of a parsed request. Raises Refused with every problem."""
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", "must be an object with `events`")])
    said = {name: value for name, value in document.items() if value is not None}
    try:
        read = SimulationSchema().load(said)
    except ValidationError as error:
        raise InvalidEvent(problems_of(SimulationSchema(), error.messages_dict, "")) from None
    at = parse_instant(read["at"]) if "at" in read else now
    problems: list[Problem] = []
    events = _events(read["events"], tenant, at + FURTHEST, own, problems)
    last = max((event.time for event in events), default=at)
    until = parse_instant(read["until"]) if "until" in read else max(at, last)
    if not at <= until <= at + FURTHEST:
        problems.append(Problem("/until", "must lie between `at` and 366 days later"))
    if "candidate" not in read and not events:
        problems.append(Problem("/candidate", "is missing, and there is no event to tell whose case it is"))
    if problems:
        raise InvalidEvent(problems)
    return Simulation(read.get("candidate") or events[0].subject, events, at, until)


def _events(documents: list[Any], tenant: str, latest: int, own: OwnKinds, problems: list[Problem]) -> list[Event]:
    """Hypothetical events may lie ahead."""
    events = []
    for number, document in enumerate(documents):
        try:
            events.append(load_event(document, tenant=tenant, now=latest, own=own))
        except InvalidEvent as refused:
            problems += [Problem(f"/events/{number}{one.pointer}", one.message) for one in refused.problems]
    return events
