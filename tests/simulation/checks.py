"""What must be true once everything has settled, computed apart from the system: the model is what was sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from signpost.advice.advise import advise
from signpost.advice.agenda import agendas
from signpost.advice.records import CLOSED_BY_CONSUMER, PUBLISHED, load_records
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.names import ADVICE, AGENDA, ANSWERS
from signpost.workers.correction import MAX_SKEW_US
from tests.simulation.plan import ERASED
from tests.simulation.processes import NAMES, engines_of

if TYPE_CHECKING:
    from tests.simulation.broker import Arrival
    from tests.simulation.run import Run


def find_problems(run: Run) -> list[str]:
    """Every broken promise, in words."""
    return [
        *_counted_once(run),
        *_cases(run),
        *_published(run),
        *_received(run),
        *_in_order(run),
        *_forwards(run),
        *_agendas(run),
        *_lists(run),
    ]


def _counted_once(run: Run) -> Iterator[str]:
    """Accepted is kept; nothing counts twice, and nothing that nobody sent."""
    applied = run.database.applied
    erased = _erasures(run)
    kept = {one for one in run.accepted if one[2] not in run.refused and not _is_forgotten(run.sent[one], erased)}
    yield from (f"accepted and never counted: {one}" for one in sorted(kept - applied.keys()))
    yield from (f"counted {count} times: {one}" for one, count in sorted(applied.items()) if count > 1)
    yield from (f"counted and never sent: {one}" for one in sorted(applied.keys() - run.sent.keys()))


def _erasures(run: Run) -> dict[tuple[str, str], int]:
    """(tenant, candidate) -> the latest erasure that counted."""
    found: dict[tuple[str, str], int] = {}
    for identity in run.database.applied:
        event = run.sent[identity]
        if event.type == "candidate.erased":
            key = (event.tenant, event.subject)
            found[key] = max(found.get(key, 0), event.time)
    return found


def _is_forgotten(event: Event, erased: Mapping[tuple[str, str], int]) -> bool:
    """Whether an event need not count: it is older than an erasure, or answers what may have been erased."""
    erased_at = erased.get((event.tenant, event.subject), 0)
    return event.time <= erased_at or (bool(erased_at) and event.type.startswith("advice."))


def _cases(run: Run) -> Iterator[str]:
    """Each case is the fold of its events, and its advice that of now."""
    stored = {
        (tenant, key): (state, advice)
        for tenant, key, state, advice in run.database.rows(
            "SELECT tenant, key, state, advice FROM cases WHERE merged_into IS NULL"
        )
    }
    groups = _groups([event for identity, event in run.sent.items() if identity in run.database.applied])
    for keys, events in groups:
        mine = [(tenant, key) for tenant, key in keys if (tenant, key) in stored]
        expected = Case().fold(*events)
        if not mine and not expected.registers and expected.erased_at is not None:
            continue
        if len(mine) != 1:
            yield f"not one case but {len(mine)}: {sorted(keys)}"
            continue
        state, advice = stored.pop(mine[0])
        if state != (b"" if expected.is_empty else expected.to_json()):
            yield f"not the fold of its events: {mine[0]}"
        yield from _advice(run, *mine[0], state, advice)
    yield from (f"a case of no event: {key}" for key in sorted(stored))


def _groups(events: Iterable[Event]) -> list[tuple[set[tuple[str, str]], list[Event]]]:
    """The events of each person: those whose case keys are linked."""
    groups: list[tuple[set[tuple[str, str]], list[Event]]] = []
    for event in events:
        keys, mine = {(event.tenant, key) for key in case_keys(event)}, [event]
        for other in [group for group in groups if group[0] & keys]:
            groups.remove(other)
            keys, mine = keys | other[0], mine + other[1]
        groups.append((keys, mine))
    return groups


def _advice(run: Run, tenant: str, key: str, state: bytes, advice: bytes) -> Iterator[str]:
    """What stands is what the rules of today say now, apart from answers; another evaluation changes nothing."""
    engine, now, case = engines_of(run.files).of(tenant), run.world.now, Case.from_json(state)
    again = advise(engine, case, advice, tenant=tenant, key=key, now=now)
    afresh = advise(engine, case, b"", tenant=tenant, key=key, now=now)
    if again.changes:
        yield f"another evaluation changes {key} of {tenant}: {[(one.rule, one.change) for one in again.changes]}"
    standing = _in_state(advice, PUBLISHED)
    # What a consumer has answered for good stays away
    expected = _in_state(afresh.advice_state, (*PUBLISHED, *ANSWERS)) - _in_state(advice, CLOSED_BY_CONSUMER)
    if standing != expected:
        yield f"{key} of {tenant} has {sorted(standing)}, not {sorted(expected)}"


def _in_state(advice: bytes, states: Collection[str]) -> set[str]:
    return {name for name, record in load_records(advice).items() if record.state in states}


def _subject(arrival: Arrival) -> str:
    return str(orjson.loads(arrival.message.body)["subject"])


def _first(arrivals: Iterable[Arrival]) -> dict[str, Arrival]:
    """Message id -> its first arrival."""
    found: dict[str, Arrival] = {}
    for one in arrivals:
        found.setdefault(one.message.message_id, one)
    return found


def _published(run: Run) -> Iterator[str]:
    """Every change of the feed has arrived at least once, unchanged, and nothing else; sequences have no gap."""
    feed = run.database.rows(
        "SELECT tenant, recommendation_id, sequence, body FROM feed WHERE case_key <> ? ORDER BY id", ERASED
    )
    arrived = _first(one for one in run.server.arrivals if one.message.exchange == ADVICE and _subject(one) != ERASED)
    sequences: dict[tuple[str, str], list[int]] = {}
    for tenant, id, sequence, body in feed:
        sequences.setdefault((tenant, id), []).append(sequence)
        found = arrived.pop(f"{id}.{sequence}", None)
        if found is None:
            yield f"never published: {id}.{sequence} of {tenant}"
        elif found.message.body != body or not found.message.routing_key.startswith(f"{tenant}."):
            yield f"published otherwise than recorded: {id}.{sequence} of {tenant}"
    yield from (f"published and never recorded: {name}" for name in arrived)
    for (tenant, id), numbers in sequences.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"sequence of {id} of {tenant}: {numbers}"


def _received(run: Run) -> Iterator[str]:
    """Who follows the changes by their numbers knows what is active; also of candidates that were erased."""
    latest: dict[str, tuple[int, str]] = {}
    for one in run.server.arrivals:
        if one.message.exchange == ADVICE:
            data = orjson.loads(one.message.body)["data"]
            latest[data["id"]] = max(latest.get(data["id"], (0, "")), (data["sequence"], data["status"]))
    known = {name for name, (_, status) in latest.items() if status in PUBLISHED}
    rows = run.database.rows("SELECT advice FROM cases WHERE merged_into IS NULL")
    active = {one.id for (advice,) in rows for one in load_records(advice).values() if one.state in PUBLISHED}
    yield from (f"a consumer believes active: {name}" for name in sorted(known - active))
    yield from (f"a consumer does not know of: {name}" for name in sorted(active - known))


def _in_order(run: Run) -> Iterator[str]:
    """Of what one life of a process published first, and the broker took at the first attempt, no change of a
    recommendation or agenda arrives after a later one. A relay whose fellow processes have other clocks, or whose
    attempts failed, promises no order."""
    latest: dict[tuple[int, str], int] = {}
    relays = NAMES.index("relay-0") * 1000
    for one in _first(run.server.arrivals).values():
        name, _, sequence = one.message.message_id.rpartition(".")
        if run.server.attempted[one.message.message_id] != one.connection or one.connection >= relays:
            continue
        if latest.get((one.connection, name), 0) > int(sequence):
            yield f"{one.message.message_id} arrived after a later change, from one life of {one.connection}"
        latest[one.connection, name] = int(sequence)


def _forwards(run: Run) -> Iterator[str]:
    """Time runs forwards for each case, unless a clock is so far ahead that its evaluations are corrected. An erasure
    also forgets when a case was evaluated: what follows is another case."""
    if any(abs(step.value) > MAX_SKEW_US for step in run.plan.steps if step.kind == "skew"):
        return
    latest: dict[tuple[str, str], int] = {}
    for tenant, key, at, name in run.database.rows(
        "SELECT tenant, case_key, at, recommendation_id FROM feed WHERE case_key <> ? ORDER BY id", ERASED
    ):
        if at < latest.get((tenant, key), 0):
            yield f"time ran backwards for {key} of {tenant} with {name}"
        latest[tenant, key] = at


def _agendas(run: Run) -> Iterator[str]:
    """The latest agenda of each reader is the one of now; numbers have no gap."""
    numbers: dict[str, list[int]] = {}
    latest: dict[tuple[str, str, str, str], list[str]] = {}
    arrived = _first(one for one in run.server.arrivals if one.message.exchange == AGENDA and _subject(one) != ERASED)
    sent = list(arrived.values())
    for one in sorted(sent, key=lambda one: int(one.message.message_id.rpartition(".")[2])):
        document = orjson.loads(one.message.body)
        data: Mapping[str, Any] = document["data"]
        numbers.setdefault(data["id"], []).append(data["sequence"])
        reader = (document["tenant"], data["candidate"], data["audience"], data["employer"] or "")
        latest[reader] = [card["id"] for card in data["cards"]]
    for name, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"numbers of {name}: {found}"
    expected = {reader: cards for reader, cards in _expected_agendas(run) if reader[1] != ERASED}
    yield from _left_agendas(run)
    for reader in sorted(latest.keys() | expected.keys()):
        if latest.get(reader, []) != expected.get(reader, []):
            yield f"the agenda of {reader} has {latest.get(reader)}, not {expected.get(reader)}"


def _lists(run: Run) -> Iterator[str]:
    """The list of an employer has the candidates with cards for it, and no others."""
    found = set(run.database.rows("SELECT tenant, employer, case_key FROM standings"))
    expected = {
        (tenant, employer, key)
        for (tenant, key, audience, employer), cards in _expected_agendas(run)
        if audience == "employer" and employer and cards
    }
    yield from (f"not in the list of its employer: {one}" for one in sorted(expected - found))
    yield from (f"in the list of an employer without a card: {one}" for one in sorted(found - expected))


def _left_agendas(run: Run) -> Iterator[str]:
    """Of the agendas of an erased candidate none has cards but that of the latest life of the case."""
    latest: dict[tuple[str, str, str], dict[str, tuple[int, int]]] = {}
    for one in run.server.arrivals:
        document = orjson.loads(one.message.body)
        if one.message.exchange == AGENDA and document["subject"] == ERASED:
            data = document["data"]
            lives = latest.setdefault((document["tenant"], data["audience"], data["employer"] or ""), {})
            lives[data["id"]] = max(lives.get(data["id"], (0, 0)), (data["sequence"], len(data["cards"])))
    for reader, lives in latest.items():
        left = [name for name, (_, cards) in lives.items() if cards]
        if len(left) > 1:
            yield f"several agendas of {reader} have cards: {left}"


def _expected_agendas(run: Run) -> Iterator[tuple[tuple[str, str, str, str], list[str]]]:
    rows = run.database.rows("SELECT tenant, key, state, advice FROM cases WHERE merged_into IS NULL AND state <> ''")
    for tenant, key, state, advice in rows:
        engine, now = engines_of(run.files).of(tenant), run.world.now
        basis = advise(engine, Case.from_json(state), advice, tenant=tenant, key=key, now=now).basis
        found = agendas(basis, engine.rulebook.policy, tenant=tenant, key=key, now=now)
        for reader, agenda in found.items():
            yield (tenant, key, reader.audience, reader.employer), [card.id for card in agenda.cards]
