"""Turns one event into the statements that the fold joins into a case. No state, no clock, no I/O."""

import re
from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from signpost.case.event import Event
from signpost.case.instant import end_of_day, fixed_zone, format_instant, format_offset, parse_instant
from signpost.case.order import JOINED, NAMED, REACHED

Statement: TypeAlias = tuple[str, str, str, Any]
"""(kind, entity id, field, value): from this event on, the field of this entity has this value; None retracts it."""

BENEFITS = ("retirement_match", "paid_leave", "sick_days", "health", "dental", "vision", "life", "disability")
EMPLOYER = ("id", "name", "time_zone")
CUSTOM = "custom"
"""In event data: fields that a rulebook declares; in the case: what their names begin with."""
DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
ACCEPTANCES: Final = ("accepted", "accepted.verbal", "accepted.written")
"""Milestones of an offer, by how it was accepted."""
_KEPT_FIRST: Final = ("extended", *ACCEPTANCES, "declined", "withdrawn", "rescinded", "expired")
"""Milestones of an offer of which the case also keeps when they were first stated."""
SINGLE = ""
"""Entity id of the kinds that exist once per case: the candidate and the current employment."""


def statements(event: Event) -> Iterator[Statement]:
    """Every statement of one event; none for the two event types that change identity (see `identity`)."""
    kind, _, name = event.type.partition(".")
    for about, entity, field, value in _BY_KIND[kind](event, name):
        yield about, entity, field, _as_written(value, event.offsets.get(field, 0))


def _as_written(value: Any, offset: int) -> Any:
    """An instant in the offset in which the sender wrote it."""
    is_instant = offset and isinstance(value, str) and value.endswith("Z")
    return format_instant(parse_instant(value), offset) if is_instant else value


def _offer(event: Event, name: str) -> Iterator[Statement]:
    offer = event.data["offer"]
    data = {field: value for field, value in event.data.items() if field != "offer"}
    if DAY.fullmatch(data.get("respond_by") or ""):
        data["respond_by"] = end_of_day(data["respond_by"], _zone(event))
    if name == "accepted":
        name = {"verbal": "accepted.verbal", "written": "accepted.written"}.get(data.pop("by", None) or "", name)
    if name == "withdrawal_planned" and "reasons" in data:
        data["withdrawal_reasons"] = data.pop("reasons")
    if name == "countered":
        data = {"counteroffer": data} | _links(data)
        data["counteroffer"] = {k: v for k, v in data["counteroffer"].items() if k not in ("employer", "application")}
    if data.get("respond_by"):
        yield "offer", offer, f"{JOINED}.respond_by.{data['respond_by']}", True
    if pay := data.get("salary"):
        yield "offer", offer, f"{JOINED}.salary.{_pay_name(pay)}", pay
    yield "offer", offer, name, _milestone(event)
    if name in _KEPT_FIRST:
        yield "offer", offer, f"{REACHED}.{name}", _milestone(event)
    yield from _fields("offer", offer, _with_application(event, data))
    for terms in (data, data.get("letter") or {}, data.get("counteroffer") or {}):
        for condition in terms.get("conditions") or ():
            yield "offer", offer, f"{NAMED}.{condition}", True


def _interview(event: Event, name: str) -> Iterator[Statement]:
    interview = event.data["interview"]
    data = {field: value for field, value in event.data.items() if field != "interview"}
    if name == "prepared":
        yield "interview", interview, f"prepared.{data.pop('step')}", True
    elif name == "thanked":
        yield "interview", interview, f"thanked.{data.pop('channel')}", _milestone(event)
    else:
        yield "interview", interview, name, _milestone(event)
    if name == "completed":
        yield "interview", interview, f"{REACHED}.{name}", _milestone(event)
        data["completed_at"] = data.get("completed_at") or format_instant(event.time, event.offset)
    for term in ("starts_at", "format"):
        if data.get(term):
            yield "interview", interview, f"{REACHED}.{term}.{data[term]}", name
    yield from _fields("interview", interview, _with_application(event, data))


def _pay_name(pay: dict[str, str]) -> str:
    """A stated pay as part of the name of a register: "60000 EUR year"."""
    return " ".join(pay[part] for part in ("amount", "currency", "per") if part in pay)


def _milestone(event: Event) -> bool | str:
    """The value of a milestone: true, or the offset in which the sender wrote its time, like "-08:00"."""
    return format_offset(event.offset) if event.offset else True


def _zone(event: Event) -> tzinfo:
    """The zone of the sender: of the employer as the event states it, else the offset of its time."""
    stated = (event.data.get("employer") or {}).get("time_zone")
    return ZoneInfo(stated) if stated else fixed_zone(event.offset)


def _application(event: Event, name: str) -> Iterator[Statement]:
    application = event.data["application"]
    yield "application", application, name, _milestone(event)
    if name in ("rejected", "withdrawn"):
        yield "application", application, f"{REACHED}.{name}", _milestone(event)
    yield from _fields("application", application, {k: v for k, v in event.data.items() if k != "application"})


def _contact(event: Event, name: str) -> Iterator[Statement]:
    """A contact happens once, so the event itself is the entity."""
    contact = f"{event.source} {event.id}"
    yield "contact", contact, name, _milestone(event)
    data = event.data if "offer" in event.data else _with_application(event, event.data)
    yield from _fields("contact", contact, data)


def _employment(event: Event, name: str) -> Iterator[Statement]:
    if name == "resignation_planned":
        yield "employment", SINGLE, name, event.data.get("planned", True)
        return
    yield "employment", SINGLE, name, _milestone(event)
    if name == "started" and event.data.get("offer"):
        yield "offer", event.data["offer"], "started", _milestone(event)
        return
    for field, value in event.data.items():
        if field == "benefits":
            yield from _leaves("employment", SINGLE, field, BENEFITS, value)
        else:
            yield "employment", SINGLE, field, value
    employer = event.data.get("employer") or {}
    if name == "current" and (key := employer.get("id") or employer.get("name")):
        yield "employment", SINGLE, f"{JOINED}.{key}", True


def _candidate(event: Event, name: str) -> Iterator[Statement]:
    if name == "preferences":
        yield from _fields("candidate", SINGLE, event.data)
    elif name == "discussed":
        yield "candidate", SINGLE, f"discussed.{event.data['with']}", _milestone(event)


def _advice(event: Event, name: str) -> Iterator[Statement]:
    """One field holds the whole answer, so the latest answer wins whatever its type."""
    yield "advice", event.data["recommendation"], "answer", {"answer": name, "until": event.data.get("until")}


def _fields(kind: str, entity: str, data: dict[str, Any]) -> Iterator[Statement]:
    for field, value in data.items():
        if field == "benefits":
            yield from _leaves(kind, entity, field, BENEFITS, value)
        elif field == "employer":
            yield from _leaves(kind, entity, field, EMPLOYER, value)
        elif field == CUSTOM:
            yield from _leaves(kind, entity, field, (), value)
        else:
            yield kind, entity, field, value


def _leaves(
    kind: str, entity: str, field: str, names: tuple[str, ...], value: dict[str, Any] | None
) -> Iterator[Statement]:
    """Each leaf is a field of its own: a statement about dental cover does not change health cover."""
    leaves = dict.fromkeys(names) if value is None else value
    for name, leaf in leaves.items():
        yield kind, entity, f"{field}.{name}", leaf


def _with_application(event: Event, data: dict[str, Any]) -> dict[str, Any]:
    """A sender that knows only the application names it in the subject."""
    scheme, _, application = event.subject.partition(":")
    if scheme == "application" and application and "application" not in data:
        return {**data, "application": application}
    return data


def _links(data: dict[str, Any]) -> dict[str, Any]:
    return {field: data[field] for field in ("employer", "application") if field in data}


_BY_KIND: dict[str, Callable[[Event, str], Iterator[Statement]]] = {
    "offer": _offer,
    "interview": _interview,
    "application": _application,
    "contact": _contact,
    "employment": _employment,
    "candidate": _candidate,
    "advice": _advice,
}
