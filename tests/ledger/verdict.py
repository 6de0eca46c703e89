"""The verdict: what was answered, what took effect, what was published, and whether each is what it must be."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from signpost.advice import Engine
from signpost.advice.records import active
from signpost.case.event import Event
from signpost.case.instant import SECOND
from signpost.messaging.message import Delivery
from signpost.messaging.topology import UNROUTED, consumer_queue
from signpost.storage import CaseRow
from tests.ledger.books import Books, FeedEntry
from tests.ledger.events import KEYS, Identity
from tests.ledger.expectation import expected_advice, expected_agendas, expected_cases, published_cards
from tests.ledger.recorders import AGENDA_TYPE, EVERYTHING, Recorded, Records

Known = Mapping[Identity, tuple[Event, ...]]
LATE_US = 10 * SECOND
"""How late the clock may be on a busy machine."""
CONTENT = ("status", "priority", "due", "valid_until", "title", "message", "steps", "drafts", "comparison")
"""What an update is about: the digest of the advisor covers these."""
SHOWN = 5
"""Examples of one kind of violation."""


@dataclass(slots=True)
class Verdict:
    """Violations by kind, each with what shows it; and counts of what was checked."""

    violations: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def is_clean(self) -> bool:
        return not self.violations

    def add(self, kind: str, items: Iterable[Any]) -> None:
        """Add violations of one kind."""
        for item in items:
            self.violations[kind].append(str(item))

    def lines(self) -> list[str]:
        """The violations for reading."""
        found = []
        for kind, items in self.violations.items():
            found.append(f"{kind}: {len(items)}")
            found += [f"    {item}" for item in items[:SHOWN]]
        return found


@dataclass(slots=True)
class Accounts:
    """What the ledger knows at the moment of a check. `engine_of`: the rules in force of a tenant; `keys`: check only
    these candidates, None for all."""

    accepted: Collection[Identity]
    sent: Collection[Identity]
    known: Known
    books: Books
    records: Records
    engine_of: Callable[[str], Engine]
    now: int


def check_events(accounts: Accounts, verdict: Verdict) -> dict[Identity, str]:
    """Answered is a subset of taken effect, and that of sent. Returns what took effect."""
    seen = accounts.books.seen()
    verdict.checked["accepted events"] = len(accounts.accepted)
    verdict.add("accepted and lost", sorted(set(accounts.accepted) - seen.keys()))
    verdict.add("took effect and never sent", sorted(seen.keys() - set(accounts.sent)))
    return seen


def check_cases(
    accounts: Accounts, seen: Collection[Identity], verdict: Verdict, only: Collection[str] | None = None
) -> None:
    """Cases, active advice and agendas are those of the events that took effect."""
    rows, names = accounts.books.cases(), accounts.books.recommendation_names()
    agendas = accounts.records.agendas
    events = [variants for identity, variants in accounts.known.items() if identity in seen]
    for expected in expected_cases(events):
        if only is not None and expected.key not in only:
            continue
        verdict.checked["cases"] += 1
        row = rows.get((expected.tenant, expected.key))
        place = f"{expected.tenant}/{expected.key}"
        matching = [case for case in expected.variants if row is not None and row.state == case.to_json()]
        if row is None or not matching:
            verdict.add("wrong case", [f"{place}: {_difference(row, expected.variants)}"])
            continue
        engine = accounts.engine_of(expected.tenant)
        advice = expected_advice(engine, matching[0], expected.tenant, expected.key, accounts.now)
        found = {name: (record.priority, record.due) for name, record in active(row.advice).items()}
        verdict.checked["active advice"] += len(advice)
        if found != advice:
            verdict.add("wrong advice", [f"{place}: {_changed(found, advice)}"])
            continue
        wanted = expected_agendas(engine, matching[0], row.advice, expected.tenant, expected.key, accounts.now)
        _check_agendas(place, row, wanted, agendas.get((expected.tenant, expected.key), {}), names, accounts, verdict)


def _check_agendas(
    place: str,
    row: CaseRow,
    wanted: Mapping[str, Any],
    published: Mapping[str, dict[str, Any]],
    names: Mapping[str, str],
    accounts: Accounts,
    verdict: Verdict,
) -> None:
    """The last published agenda of each reader is that of now, or its successor waits for its instant."""
    state: dict[str, Any] = orjson.loads(row.agendas) if row.agendas else {}
    for reader, cards in wanted.items():
        known = state.get(reader, {})
        if known.get("inputs") != known.get("seen"):
            verdict.checked["agendas that wait for their instant"] += 1
            if row.next_change is None or row.next_change < accounts.now - LATE_US:
                verdict.add("agenda that waits without an instant", [f"{place} {reader}"])
            continue
        verdict.checked["agendas"] += 1
        document = published.get(reader)
        shown = published_cards(document, names) if document else []
        if shown != cards:
            verdict.add("wrong agenda", [f"{place} {reader}: published {shown}, must be {cards}"])


def check_published(accounts: Accounts, verdict: Verdict) -> None:
    """Every recorded change was published; equal ids have equal bodies; numbers have no gap; tenants stay apart."""
    entries = accounts.books.feed()
    verdict.checked["changes"] = len(entries)
    verdict.add("recorded and never published", (entry.id for entry in entries if not accounts.records.has(entry.id)))
    bodies = {entry.id: entry.body for entry in entries}
    by_recommendation: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        by_recommendation[entry.recommendation].append(entry.sequence)
    verdict.add(
        "numbers of changes with a gap or twice",
        (
            f"{name}: {numbers}"
            for name, numbers in by_recommendation.items()
            if sorted(numbers) != list(range(1, len(numbers) + 1))
        ),
    )
    verdict.add("recorded twice in a row", _unchanged(entries))
    _check_messages(accounts.records.messages, bodies, verdict)
    _check_agenda_numbers(accounts.records, verdict)
    verdict.checked["messages"] = len(accounts.records.messages)


def _unchanged(entries: Iterable[FeedEntry]) -> Iterable[str]:
    """Updates that change nothing: an effect that happened twice."""
    last: dict[str, Any] = {}
    for entry in entries:
        data = orjson.loads(entry.body)["data"]
        content = {name: data.get(name) for name in CONTENT}
        if last.get(entry.recommendation) == content:
            yield entry.id
        last[entry.recommendation] = content


def _check_messages(messages: Iterable[Recorded], bodies: Mapping[str, bytes], verdict: Verdict) -> None:
    known: dict[str, bytes] = dict(bodies)
    for message in messages:
        if known.setdefault(message.id, message.body) != message.body:
            verdict.add("one id, two bodies", [message.id])
        document = message.document
        if document["type"] != AGENDA_TYPE and message.id not in bodies:
            verdict.add("published and never recorded", [message.id])
        for tenant in KEYS:
            if message.queue == consumer_queue(tenant) and document["tenant"] != tenant:
                verdict.add("at another tenant", [f"{message.id} of {document['tenant']} at {tenant}"])


def _check_agenda_numbers(records: Records, verdict: Verdict) -> None:
    numbers: dict[str, set[int]] = defaultdict(set)
    for message in list(records.first.values()):
        data = message.document
        if data["type"] == AGENDA_TYPE:
            numbers[data["data"]["id"]].add(data["data"]["sequence"])
    verdict.add(
        "agenda never published",
        (f"{name}: {sorted(found)}" for name, found in numbers.items() if found != set(range(1, len(found) + 1))),
    )


def check_dead_letters(
    letters: Iterable[Delivery], poison: Collection[str], tried: Collection[str], verdict: Verdict
) -> None:
    """All poison is there, and nothing else. `tried`: poison that may be there."""
    ids = [letter.message_id for letter in letters]
    verdict.checked["dead letters"] = len(ids)
    verdict.add("not a dead letter", sorted(set(poison) - set(ids)))
    verdict.add("wrongly a dead letter", sorted(set(ids) - set(tried)))


def inversions(records: Records, since: int = 0) -> list[str]:
    """First arrivals of recommendations at the consumer of everything that came before those of smaller numbers."""
    queues, found = (consumer_queue(EVERYTHING), UNROUTED), list[str]()
    highest, arrived = dict[str, int](), set[str]()
    for place, message in enumerate(list(records.messages)):
        if message.queue not in queues or message.id in arrived:
            continue
        arrived.add(message.id)
        name, _, number = message.id.rpartition(".")
        if int(number) < highest.get(name, 0) and place >= since:
            found.append(message.id)
        highest[name] = max(int(number), highest.get(name, 0))
    return found


def _difference(row: CaseRow | None, variants: Iterable[Any]) -> str:
    if row is None:
        return "is not stored"
    if row.merged_into is not None:
        return f"is merged into {row.merged_into}"
    stored, wanted = json.loads(row.state or b"{}"), [json.loads(case.to_json()) for case in variants]
    held = [tuple(map(str, event)) for event in stored.get("events", [])]
    sets = [[tuple(map(str, event)) for event in one["events"]] for one in wanted]
    lost = [sorted(set(one) - set(held)) for one in sets]
    more = [sorted(set(held) - set(one)) for one in sets]
    facts = _fields(stored)
    others = [sorted(facts ^ _fields(one)) for one in wanted]
    return f"events: lacks {lost}, has beyond {more}; fields that differ: {others}"


def _fields(state: Mapping[str, Any]) -> set[str]:
    """The fields of a case that are known."""
    return {
        f"{kind}/{entity}/{name}"
        for kind, entities in state.get("facts", {}).items()
        for entity, fields in entities.items()
        for name in fields
    }


def _changed(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    lacks = {name: value for name, value in wanted.items() if found.get(name) != value}
    beyond = {name: value for name, value in found.items() if wanted.get(name) != value}
    return f"lacks {lacks}, has beyond {beyond}"
