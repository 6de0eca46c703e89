"""Converts CloudEvents 1.0: a parsed document to a validated Event, and an Event to its document. No transport."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError

from signpost.case.event import Event, Order, Turn
from signpost.case.fold import CUSTOM
from signpost.case.identity import APPLICATION
from signpost.case.instant import MINUTE, format_instant, parse_instant
from signpost.names import JSON
from signpost.schemas.attributes import find_odd_attributes
from signpost.schemas.custom import NONE_DECLARED, OwnKinds, check_custom
from signpost.schemas.event_attributes import ATTRIBUTES, full_type
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import Id, Kind, Text, json_type
from signpost.schemas.offsets import ATTRIBUTE as OFFSETS
from signpost.schemas.offsets import read_offsets, written_offsets
from signpost.schemas.own_places import hints_for_misplaced
from signpost.schemas.problems import Hints, InvalidEvent, Problem, pointer, problems_of
from signpost.schemas.reading import schema_loader

UNDATED = "undated"
"""Extension attribute of an event whose sender did not say when it happened; its time is that of the receipt."""
MAX_AHEAD_US = 5 * MINUTE
"""How far the time of an event may be ahead of the receiver's clock."""
EXTENSION = re.compile(r"[a-z0-9]{1,64}")
ORDER_ATTRIBUTES = ("received", "asof", "turn")
"""Extension attributes of an event that a mapping made; see `Order`."""


def load_event(
    document: Any, *, tenant: str, now: int, own: OwnKinds | None = NONE_DECLARED, hints: Hints | None = None
) -> Event:
    """The Event of a sender's parsed CloudEvent; `now` in microseconds. `own`: the fields that the tenant's rulebook
    declares; None: unchecked. `hints`: those left for the request. Raises InvalidEvent with the first problems."""
    found = list(find_odd_attributes(document)) if isinstance(document, Mapping) else []
    return _load_at_door(document, found, tenant=tenant, now=now, own=own, hints=hints or Hints())


def load_translated(document: Any, *, tenant: str, now: int, own: OwnKinds | None = NONE_DECLARED) -> Event:
    """`load_event` for the document of a vendor's mapping, which also says where it stands in the vendor's order."""
    return _with_order(
        _load_at_door(document, [], tenant=tenant, now=now, own=own, hints=Hints(quotes=False)), document
    )


def _load_at_door(
    document: Any, problems: list[Problem], *, tenant: str, now: int, own: OwnKinds | None, hints: Hints
) -> Event:
    if isinstance(document, Mapping) and document.get("tenant") is not None:
        problems.append(Problem("/tenant", "is not allowed: the tenant follows from the credential; remove it"))
        document = {name: value for name, value in document.items() if name != "tenant"}
    event = _load(document, tenant, problems, latest=now + MAX_AHEAD_US, own=own, hints=hints)
    return replace(event, offsets=written_offsets(document))


def load_own_event(document: Any) -> Event:
    """The Event of a document that `dump_event` made, tenant included. A field that is no longer declared is kept.
    Raises InvalidEvent with every problem."""
    problems: list[Problem] = []
    tenant: str = ""
    if isinstance(document, Mapping):
        tenant = _read(Id(required=True), document.get("tenant"), "/tenant", problems) or ""
    event = _load(document, tenant, problems, latest=None, own=None, hints=Hints(quotes=False))
    return _with_order(replace(event, offsets=read_offsets(document.get(OFFSETS))), document)


def dump_order(order: Order) -> dict[str, Any]:
    """The extension attributes of an event's place in the order of its source."""
    return {
        "received": format_instant(order.received),
        "asof": str(order.as_of),
        "turn": order.turn.name.lower(),
    }


def _with_order(event: Event, document: Mapping[str, Any]) -> Event:
    if not all(name in document for name in ORDER_ATTRIBUTES):
        return event
    try:
        order = Order(
            parse_instant(document["received"]),
            int(document["asof"]),
            Turn[document["turn"].upper()],
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidEvent([Problem("/received", "does not fit asof and turn")]) from None
    return replace(event, order=order)


def dump_event(event: Event) -> dict[str, Any]:
    """The CloudEvent document of an event, with its tenant as an extension attribute."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": full_type(event.type),
        "time": format_instant(event.time),
        "subject": event.subject,
        "datacontenttype": JSON,
        "tenant": event.tenant,
        **({} if event.dated else {UNDATED: True}),
        "data": event.data,
        **(dump_order(event.order) if event.order else {}),
    }


def _load(
    document: Any, tenant: str, problems: list[Problem], *, latest: int | None, own: OwnKinds | None, hints: Hints
) -> Event:
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be a CloudEvent object, is {json_type(document)}")])
    members = {name: value for name, value in document.items() if value is not None}
    read = {name: _read(kind, members.get(name), f"/{name}", problems) for name, kind in ATTRIBUTES.items()}
    problems += _extensions(members, hints)
    if "data_base64" in members:
        problems.append(Problem("/data_base64", "must be base64 of JSON, without `data` beside it"))
    time = parse_instant(read["time"]) if read["time"] else 0
    if latest is not None and time > latest:
        problems.append(
            Problem("/time", "is more than 5 minutes ahead of the receiver's clock; check the sender's clock")
        )
    data = _data(read["type"], read["subject"], members.get("data", {}), problems, own, hints)
    if problems:
        raise InvalidEvent(problems)
    dated = members.get(UNDATED) is not True
    return Event(tenant, read["source"], read["id"], read["type"], time, read["subject"], data, dated)


def _read(kind: Kind, value: Any, at: str, problems: list[Problem]) -> Any:
    if value is None:
        if kind.required:
            problems.append(Problem(at, "is missing"))
        return None
    try:
        return kind.canonical(value)
    except ValidationError as error:
        problems.extend(Problem(at, str(message)) for message in error.messages)
        return None


def _extensions(members: Mapping[str, Any], hints: Hints) -> Iterator[Problem]:
    """Yield the problems of extension attributes; valid ones are allowed."""
    for name, value in members.items():
        if name in ATTRIBUTES or name in ("data", "data_base64", "tenant"):
            continue
        if not EXTENSION.fullmatch(name):
            hint = hints.did_you_mean(name, [*ATTRIBUTES, "data"])
            yield Problem(
                pointer(name), f"is not a CloudEvents attribute: names consist of lower-case letters and digits{hint}"
            )
        elif not isinstance(value, str | bool | int) or (isinstance(value, int) and not -(2**31) <= value < 2**31):
            yield Problem(pointer(name), "an extension attribute must be a string, a boolean or a 32-bit integer")
        elif isinstance(value, str):
            yield from _check(Text().canonical, value, pointer(name))


def _check(check: Callable[[Any], Any], value: Any, at: str) -> Iterator[Problem]:
    try:
        check(value)
    except ValidationError as error:
        yield from (Problem(at, str(message)) for message in error.messages)


def _data(
    short: str | None,
    subject: str | None,
    data: Any,
    problems: list[Problem],
    own: OwnKinds | None,
    hints: Hints,
) -> dict[str, Any]:
    """The canonical data of an event whose type is known; nothing where it is not."""
    if not isinstance(data, Mapping):
        problems.append(Problem("/data", f"must be an object, is {json_type(data)}"))
        return {}
    if short is None:
        return {}
    read = schema_loader(EVENT_SCHEMAS[short])
    about = short.partition(".")[0]
    try:
        loaded = read.load(data)
    except ValidationError as error:
        misplaced = hints_for_misplaced(short, own or NONE_DECLARED)
        problems.extend(problems_of(read.schema, error.messages_dict, "/data", hints, misplaced))
        if own is not None and CUSTOM in read.fields and isinstance(data.get(CUSTOM), Mapping):
            known = {problem.pointer for problem in problems}
            found: list[Problem] = []
            check_custom(data[CUSTOM], own, about, found, hints)
            problems.extend(problem for problem in found if problem.pointer not in known)
        return {}
    if CUSTOM in loaded and own is not None:
        loaded[CUSTOM] = check_custom(data[CUSTOM], own, about, problems, hints)
    named = loaded.get("application")
    if named and subject and subject.startswith(APPLICATION) and subject != APPLICATION + named:
        problems.append(Problem("/data/application", "differs from the application in the subject"))
    return loaded
