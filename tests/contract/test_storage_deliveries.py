"""What became of webhooks, on both databases: found by tenant, bounded, forgotten in time and with the candidate."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from signpost.storage import DeliveryRow, DeliverySummary, Store, open_store, upgrade

NOW = 1_772_460_000_000_000


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    upgrade(url)
    with open_store(url) as opened:
        yield opened


def row(number: int, tenant: str = "acme", source: str = "greens", status: str = "accepted") -> DeliveryRow:
    return DeliveryRow(
        f"dlv_{number}", tenant, source, NOW + number, status, b"[]", b"[]", 7, b'{"a":1}', b"{}", b"raw"
    )


def ids(rows: list[DeliverySummary]) -> list[str]:
    return [one.id for one in rows]


def test_a_delivery_is_found_by_its_tenant_alone(store: Store) -> None:
    store.deliveries.add(row(1), ["c-1"])
    assert store.deliveries.get("acme", "dlv_1") == row(1)
    assert store.deliveries.get("globex", "dlv_1") is None
    assert store.deliveries.page("globex") == []


def test_pages_run_from_the_latest_back(store: Store) -> None:
    for number in range(5):
        store.deliveries.add(row(number), [])
    first = store.deliveries.page("acme", limit=2)
    assert ids(first) == ["dlv_4", "dlv_3"]
    second = store.deliveries.page("acme", before=(first[-1].received_at, first[-1].id), limit=2)
    assert ids(second) == ["dlv_2", "dlv_1"]


def test_a_page_loads_no_bodies(store: Store) -> None:
    for number in range(20):
        store.deliveries.add(replace(row(number), body=b"x" * 500_000, shown=b"y" * 500_000), [])
    tracemalloc.start()
    try:
        page = store.deliveries.page("acme")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(page) == 20
    assert all(one.replayable for one in page)
    assert peak < 1_000_000, "twenty bodies would take 20 MB"


def test_by_source_and_by_status(store: Store) -> None:
    store.deliveries.add(row(1, source="reds"), [])
    store.deliveries.add(row(2, status="refused"), [])
    assert ids(store.deliveries.page("acme", source="reds")) == ["dlv_1"]
    assert ids(store.deliveries.page("acme", status="refused")) == ["dlv_2"]


def test_old_ones_are_forgotten_some_at_a_time(store: Store) -> None:
    for number in range(5):
        store.deliveries.add(row(number), ["c-1"])
    assert store.deliveries.prune(NOW + 4, 3) == 3
    assert store.deliveries.prune(NOW + 4, 3) == 1
    assert ids(store.deliveries.page("acme")) == ["dlv_4"]


def test_only_the_latest_of_those_that_could_not_sign_stay(store: Store) -> None:
    for number in range(5):
        store.deliveries.add(row(number, status="unsigned"), [])
    store.deliveries.add(row(9), [])
    store.deliveries.keep_latest("acme", "greens", "unsigned", 2)
    assert ids(store.deliveries.page("acme")) == ["dlv_9", "dlv_4", "dlv_3"]


def test_a_replay_changes_what_became_of_it(store: Store) -> None:
    store.deliveries.add(row(1, status="refused"), [])
    after = replace(row(1), events=b'[{"id":"e"}]')
    store.deliveries.record_replay(after, ["c-1"])
    found = store.deliveries.get("acme", "dlv_1")
    assert found is not None
    assert (found.status, found.events, found.body) == ("accepted", b'[{"id":"e"}]', b"raw")


def test_a_forgotten_candidate_takes_the_deliveries_along(store: Store) -> None:
    store.deliveries.add(row(1), ["c-1", "application:a-1"])
    store.deliveries.add(row(2), ["c-2"])
    store.deliveries.add(replace(row(3), tenant="globex"), ["c-1"])
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
        transaction.erase("acme", ["c-1"], NOW)
    assert ids(store.deliveries.page("acme")) == ["dlv_2"]
    assert ids(store.deliveries.page("globex")) == ["dlv_3"]
