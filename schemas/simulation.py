"""The request of `POST /v1/simulate`: hypothetical events and a period. It runs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.case.event import Event
from signpost.case.instant import DAY, NEVER, parse_instant
from signpost.schemas.cloudevent import load_event
from signpost.schemas.containers import Items
from signpost.schemas.custom import NONE_DECLARED, OwnKinds
from signpost.schemas.fields import json_type
from signpost.schemas.formats import Instant
from signpost.schemas.problems import Hints, InvalidEvent, Problem, problems_of
from signpost.schemas.recommendation import AnyObject, Key

MAX_EVENTS = 200
MAX_PERIOD_US = 366 * DAY


class SimulationSchema(Schema):
    """A simulation request.

    `candidate`: whose case; default: that of the first event. `at`: the start; default: now. A past start uses what was
    known then, with nothing published yet. `until`: the end; default: the later of `at` and the time of the last event.
    """

    class Meta:
        unknown = RAISE

    candidate = Key()
    at = Instant()
    until = Instant()
    events = Items(AnyObject(), required=True, max_items=MAX_EVENTS, distinct=False)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A valid simulation; instants in microseconds."""

    candidate: str
    events: list[Event]
    at: int
    until: int


def load_simulation(document: Any, *, tenant: str, now: int, own: OwnKinds = NONE_DECLARED) -> Simulation:
    """Return the simulation of a parsed request. Raises InvalidEvent with every problem."""
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be an object with `events`, is {json_type(document)}")])
    members = {name: value for name, value in document.items() if value is not None}
    read, problems = _read(members)
    at = parse_instant(read["at"]) if "at" in read else now
    latest = NEVER if _names(problems, "/at") else at + MAX_PERIOD_US
    events, more = _events(read.get("events", []), tenant, latest, own, problems)
    last = max((event.time for event in events), default=at)
    until = parse_instant(read["until"]) if "until" in read else max(at, last)
    if not at <= until <= at + MAX_PERIOD_US and not _names(problems, "/at", "/until"):
        problems.append(Problem("/until", "must be between `at` and 366 days later"))
    if "candidate" not in members and read.get("events") == []:
        problems.append(Problem("/candidate", "is missing; name the candidate or send at least one event"))
    if problems:
        raise InvalidEvent(problems, more)
    return Simulation(read.get("candidate") or events[0].subject, events, at, until)


def _read(members: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The valid members of a request, and the problems of the others. The events are not read yet."""
    try:
        return dict(SimulationSchema().load(members)), []
    except ValidationError as error:
        found = problems_of(SimulationSchema(), error.messages_dict, "")
        return dict(error.valid_data or {}), list(found)


def _names(problems: list[Problem], *pointers: str) -> bool:
    return any(problem.pointer in pointers for problem in problems)


def _events(
    documents: list[Any], tenant: str, latest: int, own: OwnKinds, problems: list[Problem]
) -> tuple[list[Event], int]:
    """Load the events, and count the problems that are not listed; times may be in the future, up to `latest`."""
    events: list[Event] = []
    hints, more = Hints(), 0
    for number, document in enumerate(documents):
        try:
            events.append(load_event(document, tenant=tenant, now=latest, own=own, hints=hints))
        except InvalidEvent as error:
            problems += [Problem(f"/events/{number}{problem.pointer}", problem.message) for problem in error.problems]
            more += error.more
    return events, more
