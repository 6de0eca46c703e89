"""What a round sends: seeded events of two tenants, with repeats, disorder, wrong signatures and poison."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final

from signpost.case.event import Event
from signpost.case.instant import to_datetime
from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.schemas import dump_event, full_type, load_event
from signpost.tenants.model import hash_key
from tests.support.generators import random_event

KEYS: Final = {"north": "sp_the_key_of_north", "south": "sp_the_key_of_south"}
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WRONG_SECRET: Final = "whsec_V3Jvbmcgc2VjcmV0IG9mIG5vYm9keQ=="
TENANTS_FILE: Final = f"""
tenants:
  north: {{api_keys: ["{hash_key(KEYS["north"])}"]}}
  south: {{api_keys: ["{hash_key(KEYS["south"])}"]}}
sources:
  careers: {{tenant: north, vendor: standard, secrets: ["plain:{SECRET}"]}}
"""
WEBHOOKS: Final = "/v1/webhooks/careers"
GENERATED: Final = date(2026, 3, 22)
"""The last day of the times of generated events."""
_DAY = re.compile(r"2026-\d\d-\d\d")
Identity = tuple[str, str, str]
"""Tenant, source and id of an event."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `identities`: of its events; `is_refused`: nothing of it may take effect; `secret`: signs a
    webhook; `name`: its id."""

    path: str
    body: bytes
    content_type: str
    identities: tuple[Identity, ...] = ()
    key: str = ""
    secret: str = ""
    name: str = ""
    is_refused: bool = False


@dataclass(slots=True)
class Round:
    """`known`: each event that may take effect, with its variants, of which exactly one must: a sender that reuses an
    id is answered 202, and only what comes first counts. `poison`: bodies for the queue, by message id."""

    number: int
    requests: list[Request] = field(default_factory=list)
    known: dict[Identity, tuple[Event, ...]] = field(default_factory=dict)
    poison: dict[str, bytes] = field(default_factory=dict)


def make_round(seed: int, number: int, now: int, people: int = 6) -> Round:
    """The round of a seed: `people` new candidates of each tenant, and news of those who are in every round."""
    luck, made = Random(f"{seed}/{number}"), Round(number)
    for tenant in KEYS:
        documents: list[dict[str, Any]] = []
        names = [f"{tenant[0]}{number}-{person}" for person in range(people)]
        for person, name in enumerate(names):
            documents += _journey(luck, name, f"{number}-{person}", now)
        for regular in range(3):
            documents += _journey(luck, f"regular-{regular}", f"{number}-regular-{regular}", now, most=2)
        if number % 3 == 0:
            documents.append(_document("candidate.merged", f"{number}-merge", names[0], {"into": names[1]}, now))
        _add(made, luck, tenant, documents, now)
        made.requests += _refused(tenant, number, now)
    luck.shuffle(made.requests)
    made.poison = {f"poison-{number}": b"{", f"poison-{number}-typed": b'{"specversion": "1.0", "type": "unknown"}'}
    return made


def probe(number: int, now: int, name: str = "") -> tuple[Request, Event]:
    """An event that raises advice at once: with it the whole path is timed."""
    name = name or f"probe-{number}"
    document = _document("offer.extended", name, name, {"offer": "o1"}, now)
    event = load_event(document, tenant="north", now=now)
    return _posted("north", [document]), event


def _journey(luck: Random, name: str, prefix: str, now: int, most: int = 7) -> list[dict[str, Any]]:
    """The documents of one candidate, some said of an application of theirs."""
    count = luck.randint(1 if most < 3 else 3, most)
    facts = (event for event in _random_events(luck, name) if not event.type.startswith("advice."))
    events = list(itertools.islice(facts, count))
    documents = []
    for place, event in enumerate(events):
        data = {key: value for key, value in event.data.items() if key != "custom"}
        if "application" in data:
            data["application"] = f"{name}-{data['application']}"
        of_application = data.get("application") and luck.random() < 0.15
        subject = f"application:{data['application']}" if of_application else name
        days = _days_since(GENERATED, now)
        document = dump_event(event) | {"id": f"{prefix}-{place}", "subject": subject, "data": data}
        del document["tenant"]
        documents.append(_moved(document, days))
    return documents


def _random_events(luck: Random, name: str) -> Iterator[Event]:
    number = 0
    while True:
        yield random_event(luck, number, name)
        number += 1


def _days_since(day: date, now: int) -> int:
    """Days to move what was generated, so that it ends two days ago."""
    return (to_datetime(now).astimezone(UTC).date() - timedelta(days=2) - day).days


def _moved(document: Mapping[str, Any], days: int) -> dict[str, Any]:
    """The document with all its days moved."""
    text = json.dumps(document)
    moved: dict[str, Any] = json.loads(
        _DAY.sub(lambda found: str(date.fromisoformat(found[0]) + timedelta(days=days)), text)
    )
    return moved


def _document(type_: str, id_: str, subject: str, data: Mapping[str, Any], now: int) -> dict[str, Any]:
    day = to_datetime(now).astimezone(UTC).date() - timedelta(days=1)
    time = datetime(day.year, day.month, day.day, 9, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    head = {"specversion": "1.0", "id": id_, "source": "board", "type": full_type(type_), "time": time}
    return {**head, "subject": subject, "data": dict(data)}


def _add(made: Round, luck: Random, tenant: str, documents: list[dict[str, Any]], now: int) -> None:
    """Add requests for these events: alone, in batches, as webhooks; some twice, one with another content."""
    luck.shuffle(documents)
    webhooks = [each for each in documents if tenant == "north" and _fits_webhook(each) and luck.random() < 0.25]
    for each in webhooks:
        request, event = _webhook(each, now)
        made.known[request.identities[0]] = (event,)
        made.requests += [request] * luck.choice([1, 1, 2])
    posted = [each for each in documents if each not in webhooks]
    for each in posted:
        made.known[tenant, each["source"], each["id"]] = (load_event(each, tenant=tenant, now=now),)
    while posted:
        count = luck.choice([1, 1, 1, 1, 5])
        request = _posted(tenant, posted[:count])
        made.requests += [request] * luck.choice([1, 1, 1, 2])
        posted = posted[count:]
    _reuse_id(made, tenant, now)


def _reuse_id(made: Round, tenant: str, now: int) -> None:
    """One id for two contents: whichever comes first counts, and never both."""
    name = f"{tenant[0]}{made.number}-0"
    variants = [
        _document("offer.updated", f"{made.number}-reused", name, {"offer": "reused", field_: "x"}, now)
        for field_ in ("team", "growth_path")
    ]
    made.known[tenant, "board", f"{made.number}-reused"] = tuple(
        load_event(each, tenant=tenant, now=now) for each in variants
    )
    made.requests += [_posted(tenant, [each]) for each in variants for _ in range(2)]


def _posted(tenant: str, documents: list[dict[str, Any]]) -> Request:
    identities = tuple((tenant, each["source"], each["id"]) for each in documents)
    if len(documents) == 1:
        return Request("/v1/events", json.dumps(documents[0]).encode(), CLOUDEVENT_JSON, identities, KEYS[tenant])
    return Request("/v1/events", json.dumps(documents).encode(), CLOUDEVENTS_BATCH_JSON, identities, KEYS[tenant])


def _fits_webhook(document: Mapping[str, Any]) -> bool:
    return not document["subject"].startswith("application:")


def _webhook(document: dict[str, Any], now: int) -> tuple[Request, Event]:
    payload = {
        "type": document["type"],
        "timestamp": document["time"],
        "data": {**document["data"], "candidate": document["subject"]},
    }
    moved = document | {"source": "standard/careers", "id": f"w-{document['id']}"}
    event = load_event(moved, tenant="north", now=now)
    identity = ("north", moved["source"], moved["id"])
    body = json.dumps(payload).encode()
    return Request(WEBHOOKS, body, JSON, (identity,), secret=SECRET, name=moved["id"]), event


def _refused(tenant: str, number: int, now: int) -> Iterator[Request]:
    """What must never take effect: each of its ids says so."""
    data = {"offer": "refused"}

    def document(name: str, **more: Any) -> dict[str, Any]:
        return _document("offer.extended", f"refused-{number}-{name}", f"refused-{number}", data, now) | more

    invalid = _posted(tenant, [document("field", data={"offer": "x", "no_such_field": 1})])
    other = _posted(tenant, [document("tenant", tenant="north" if tenant == "south" else "south")])
    stranger = _posted(tenant, [document("key")])
    yield from (
        Request(each.path, each.body, each.content_type, (), each.key, is_refused=True) for each in (invalid, other)
    )
    yield Request(stranger.path, stranger.body, stranger.content_type, (), "sp_no_such_key", is_refused=True)
    if tenant == "north":
        signed, _ = _webhook(document("signature"), now)
        yield Request(WEBHOOKS, signed.body, JSON, (), secret=WRONG_SECRET, name=signed.name, is_refused=True)
