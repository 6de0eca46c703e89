"""How deliveries are cut into batches makes no difference: the same cases, seen events and erasures are stored."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from signpost.case.erasure import of_case, of_event
from signpost.case.event import Event, Order
from signpost.storage.tables import cases, seen_events
from tests.support.batches import handle
from tests.support.workers_kit import HOUR, START, System, event, system

CANDIDATES, APPLICATIONS = ("ann", "bob"), ("x", "y")
PEOPLE = st.sampled_from(CANDIDATES)
SUBJECTS = st.sampled_from([*CANDIDATES, *(f"application:{name}" for name in APPLICATIONS)])
TENANTS = count()


@st.composite
def events(draw: st.DrawFn) -> Event:
    """One event about two candidates and their two applications; some are undated, some are of a vendor."""
    at, type = draw(st.integers(1, 6)), draw(st.sampled_from(["submitted", "offer", "merged", "erased", "erased"]))
    is_dated, is_of_vendor = draw(st.sampled_from([True, True, False])), draw(st.booleans())
    match type:
        case "submitted":
            one = event("application.submitted", draw(PEOPLE), at=at, application=draw(st.sampled_from(APPLICATIONS)))
        case "merged":
            absorbed, into = draw(st.permutations(CANDIDATES))
            one = event("candidate.merged", absorbed, at=at, into=into)
        case "erased":
            one = event("candidate.erased", draw(PEOPLE), at=at)
        case _:
            one = event("offer.extended", draw(SUBJECTS), at=at, offer=draw(st.sampled_from(["o", "p"])))
    if not is_dated:
        one = replace(one, time=START + 7 * HOUR, dated=False)
    return replace(one, id=f"{one.id}.{is_dated}", order=Order(0) if is_of_vendor else None)


@pytest.fixture(scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        made.now = START + 10 * HOUR
        yield made


def stored(signpost: System, tenant: str, sent: Sequence[Event]) -> dict[str, Any]:
    """What is stored of a tenant: its cases, the events that it has seen, and what it remembers of erasures."""
    engine = create_engine(signpost.database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(cases).where(cases.c.tenant == tenant)).mappings().all()
        seen = connection.execute(select(seen_events.c.id).where(seen_events.c.tenant == tenant)).scalars().all()
    engine.dispose()
    names = {of_event(one.source, one.id) for one in sent if one.type != "candidate.erased"}
    names |= {of_case(key) for key in (*CANDIDATES, *(f"application:{name}" for name in APPLICATIONS))}
    return {
        "cases": {row["key"]: (row["state"], row["merged_into"]) for row in rows if row["state"] or row["merged_into"]},
        "seen": sorted(seen),
        "erased": signpost.store.erasures.find(tenant, names),
        "standing": {key: sorted(signpost.standing(key, tenant)) for key in CANDIDATES},
    }


def play(signpost: System, sent: Sequence[Event], ends: Sequence[int]) -> dict[str, Any]:
    """What is stored once these events were handled in batches that end there."""
    tenant = f"t-{next(TENANTS)}"
    mine, begin = [replace(one, tenant=tenant) for one in sent], 0
    for end in (*sorted(ends), len(mine)):
        if mine[begin:end]:
            handle(signpost, *mine[begin:end])
        begin = end
    return stored(signpost, tenant, mine)


OVERTAKEN = [
    event("candidate.erased", "ann", at=1),
    event("candidate.merged", "ann", at=1, into="bob"),
    event("candidate.erased", "bob", at=2),
]
"""The last is about the one whom the second names, which waits for the first."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.lists(events(), min_size=2, max_size=7), st.sets(st.integers(1, 6)))
@example(OVERTAKEN, set())
def test_any_cut_into_batches_stores_the_same(signpost: System, sent: list[Event], ends: set[int]) -> None:
    alone = play(signpost, sent, range(1, len(sent)))
    assert play(signpost, sent, [end for end in ends if end < len(sent)]) == alone
