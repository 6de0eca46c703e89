"""What became of webhooks, on both databases: found by tenant, bounded, forgotten in time and with the candidate."""

import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from signpost.case.event import Event
from signpost.storage import CaseRow, DeliveryRow, DeliverySummary, Store, open_store, schema
from signpost.storage.deliveries import MAX_UNVERIFIED, MAX_UNVERIFIED_BYTES
from signpost.storage.engines import parse_url
from tests.support.databases import migrate

NOW = 1_772_460_000_000_000


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    migrate(url)
    with open_store(url) as opened:
        yield opened


def row(number: int, tenant: str = "acme", source: str = "greens", status: str = "accepted") -> DeliveryRow:
    return DeliveryRow(
        f"dlv_{number}", tenant, source, NOW + number, status, b"[]", b"[]", 7, b'{"a":1}', b"{}", b"raw", verified=True
    )


def unverified(number: int, source: str = "greens", status: str = "unsigned", bytes_long: int = 2) -> DeliveryRow:
    return replace(row(number, source=source, status=status), headers=b"x" * bytes_long, body=None, verified=False)


def about(*subjects: str) -> list[Event]:
    return [Event("acme", "s", "e", "candidate.preferences", NOW, subject, {}) for subject in subjects]


def ids(rows: list[DeliverySummary]) -> list[str]:
    return [one.id for one in rows]


def test_a_delivery_is_found_by_its_tenant_alone(store: Store) -> None:
    store.deliveries.add(row(1), about("c-1"))
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
        store.deliveries.add(row(number), about("c-1"))
    assert store.deliveries.prune(NOW + 4, 3) == 3
    assert store.deliveries.prune(NOW + 4, 3) == 1
    assert ids(store.deliveries.page("acme")) == ["dlv_4"]


def test_only_the_latest_unverified_ones_stay_whatever_their_status(store: Store) -> None:
    store.deliveries.add(row(0), [])
    for number in range(1, MAX_UNVERIFIED + 6):
        store.deliveries.add(unverified(number, status=("unsigned", "ignored", "refused")[number % 3]), [])
    store.deliveries.add(unverified(1000, source="reds"), [])
    kept = ids(store.deliveries.page("acme", source="greens", limit=500))
    assert kept == [f"dlv_{number}" for number in range(MAX_UNVERIFIED + 5, 5, -1)] + ["dlv_0"]
    assert ids(store.deliveries.page("acme", source="reds")) == ["dlv_1000"]


def test_unverified_ones_are_limited_in_bytes_too(store: Store) -> None:
    for number in range(6):
        store.deliveries.add(unverified(number, bytes_long=MAX_UNVERIFIED_BYTES // 3), [])
    assert ids(store.deliveries.page("acme")) == ["dlv_5", "dlv_4"]


def test_the_limit_holds_while_many_are_stored_at_once(store: Store) -> None:
    for number in range(MAX_UNVERIFIED - 4):
        store.deliveries.add(unverified(number), [])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.deliveries.add(unverified(number), []), range(200, 240)))
    assert len(store.deliveries.page("acme", limit=500)) == MAX_UNVERIFIED


def test_what_is_not_verified_is_not_replayable_even_with_a_body(store: Store) -> None:
    store.deliveries.add(replace(row(1), verified=False), [])
    [summary] = store.deliveries.page("acme")
    found = store.deliveries.get("acme", "dlv_1")
    assert found is not None
    assert (summary.verified, summary.replayable, found.summary()) == (False, False, summary)


def test_of_the_deliveries_of_before_only_proven_ones_stay_replayable(url: str, store: Store) -> None:
    store.close()
    downgrade(url, "0006")
    engine = create_engine(parse_url(url))
    insert = text(
        "INSERT INTO deliveries (id, tenant, source, received_at, status, problems, events, size, shown, headers, body)"
        " VALUES (:id, 'acme', 'greens', 1, :id, :json, :json, 7, :json, :json, :json)"
    )
    with engine.begin() as connection:
        for status in ("accepted", "unavailable", "ignored", "refused", "unsigned"):
            connection.execute(insert, {"id": status, "json": b"[]"})
    engine.dispose()
    migrate(url)
    rows = {one.id: store.deliveries.get("acme", one.id) for one in store.deliveries.page("acme")}
    assert len(rows) == 5
    assert {name for name, one in rows.items() if one and one.summary().replayable} == {"accepted", "unavailable"}
    assert {name for name, one in rows.items() if one and one.body} == {"accepted", "unavailable"}


def downgrade(url: str, revision: str) -> None:
    with schema._connection(url) as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_a_signed_message_belongs_to_its_first_body_until_it_expires(store: Store) -> None:
    key, first, second = b"k" * 32, b"1" * 32, b"2" * 32
    claim = store.signed_messages.claim
    assert claim(key, first, until=NOW + 10, now=NOW)
    assert claim(key, first, until=NOW + 10, now=NOW)
    assert not claim(key, second, until=NOW + 10, now=NOW + 10)
    assert claim(b"l" * 32, second, until=NOW + 10, now=NOW)
    assert claim(key, second, until=NOW + 30, now=NOW + 11)
    store.signed_messages.prune(NOW + 12)
    assert not claim(key, first, until=NOW + 30, now=NOW + 12)


def test_of_two_bodies_at_once_one_wins(store: Store) -> None:
    bodies = [bytes([number]) * 32 for number in range(16)]
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda body: store.signed_messages.claim(b"k", body, until=NOW + 9, now=NOW), bodies))
    assert won.count(True) == 1


def test_a_replay_changes_what_became_of_it(store: Store) -> None:
    store.deliveries.add(row(1, status="refused"), [])
    after = replace(row(1), events=b'[{"id":"e"}]')
    store.deliveries.record_replay(after, about("c-1"))
    found = store.deliveries.get("acme", "dlv_1")
    assert found is not None
    assert (found.status, found.events, found.body) == ("accepted", b'[{"id":"e"}]', b"raw")


def test_a_forgotten_candidate_takes_the_deliveries_along(store: Store) -> None:
    store.deliveries.add(row(1), about("c-1", "application:a-1"))
    store.deliveries.add(row(2), about("c-2"))
    store.deliveries.add(replace(row(3), tenant="globex"), about("c-1"))
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert ids(store.deliveries.page("acme")) == ["dlv_2"]
    assert ids(store.deliveries.page("globex")) == ["dlv_3"]


def test_a_delivery_without_events_is_found_by_the_ids_in_its_body(store: Store) -> None:
    store.deliveries.add(row(1, status="refused"), [], {"c-1", "something"})
    store.deliveries.add(row(2, status="ignored"), [], {"app-7"})
    store.deliveries.add(row(3, status="refused"), [], {"c-2"})
    store.deliveries.add(replace(row(4), tenant="globex"), [], {"c-1"})
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW, lost=[("application", "app-7")])
    assert ids(store.deliveries.page("acme")) == ["dlv_3"]
    assert ids(store.deliveries.page("globex")) == ["dlv_4"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_old_webhook_after_the_erasure_leaves_no_body(store: Store, number: int) -> None:
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW + 9, now=NOW, lost=[("application", "app-7")])
    events = {1: about("c-1"), 2: about("application:app-7"), 3: []}[number]
    store.deliveries.add(row(1), events, [] if events else ["app-7"])
    found = store.deliveries.get("acme", "dlv_1")
    assert found is not None
    assert (found.body, found.shown, found.events) == (None, b"null", b"[]")
    later = replace(about("c-1")[0], time=NOW + 10)
    store.deliveries.add(row(2), [later])
    assert [one.replayable for one in store.deliveries.page("acme")] == [True, False]


def test_a_forgotten_candidate_takes_the_deliveries_of_absorbed_cases_along(store: Store) -> None:
    store.deliveries.add(row(1), about("application:a"))
    store.deliveries.add(row(2), about("old"))
    store.deliveries.add(row(3), about("application:b"))
    with store.transaction() as transaction:
        keys = ["application:a", "old", "c-1"]
        transaction.lock_cases([("acme", key) for key in keys])
        merged = [("application:a", "old"), ("old", "c-1")]
        transaction.save_cases([CaseRow("acme", key, merged_into=into) for key, into in merged])
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert ids(store.deliveries.page("acme")) == ["dlv_3"]


def test_links_of_another_tenants_deliveries_stay(store: Store) -> None:
    """Else that tenant's own erasure would not find them."""
    store.deliveries.add(replace(row(1), tenant="globex"), about("c-1"), {"c-1"})
    for tenant in ("acme", "globex"):
        with store.transaction() as transaction:
            transaction.erase(tenant, ["c-1"], NOW, now=NOW)
        assert ids(store.deliveries.page("globex")) == (["dlv_1"] if tenant == "acme" else [])


def test_a_replay_is_found_by_the_cases_of_its_new_events(store: Store) -> None:
    store.deliveries.add(row(1), about("c-1"))
    store.deliveries.add(row(2), about("c-3"))
    store.deliveries.record_replay(row(1), about("c-2"))
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert ids(store.deliveries.page("acme")) == ["dlv_2", "dlv_1"]
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-2"], NOW, now=NOW)
    assert ids(store.deliveries.page("acme")) == ["dlv_2"]
