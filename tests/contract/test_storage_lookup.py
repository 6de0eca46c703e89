"""What is found by an id alone, on both databases."""

from collections.abc import Iterator

import pytest

from signpost.case.event import Event
from signpost.storage import CaseRow, Change, DeliveryRow, SeenEvent, Store, lookup, open_store
from tests.support.databases import migrate
from tests.support.workers_kit import event, message

NOW = 1_772_460_000_000_000


def seen(tenant: str, source: str, id: str, key: str = "c-1", at: int = NOW) -> SeenEvent:
    return SeenEvent(tenant, source, id, key, at, at)


def change(sequence: int, key: str = "c-2") -> Change:
    at = NOW + sequence
    return Change(
        "acme", key, "rec_1", sequence, "raised", "active", "candidate", "r", "offer/o", "low", at, b"{}", "k"
    )


def delivery(id: str, at: int, events: str) -> DeliveryRow:
    return DeliveryRow(id, "acme", "greens", at, "accepted", b"[]", events.encode(), 2, b"{}", b"{}", None, True)


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    rows = [
        CaseRow("acme", "c-1", b"", merged_into="c-2"),
        CaseRow("acme", "c-2", b"{}", next_change=NOW, agendas=b"{}"),
        CaseRow("other", "c-1", b"{}"),
    ]
    first: Event = event("offer.extended", "c-1", id="e-1", offer="o")
    with open_store(url) as store:
        with store.transaction() as tx:
            tx.lock_cases([(row.tenant, row.key) for row in rows])
            tx.save_cases(rows)
            tx.mark_seen([seen("acme", source, "e-1") for source in ("a", "b", "c")])
            tx.mark_seen([seen("acme", "a", "e-2", "c-2", NOW + 1), seen("other", "a", "e-1")])
            tx.record([change(1), change(2), change(3, "c-1")], now=NOW, leased_until=NOW + 5)
            tx.enqueue([message(first)], tenant="acme", case_key="c-9", now=NOW, leased_until=NOW)
        store.deliveries.add(delivery("dlv_1", NOW, '[{"id": "e-1"}]'), [first])
        store.deliveries.add(delivery("dlv_2", NOW + 1, '[{"id": "e-10"}]'), [first])
        yield store


def test_rows_are_found_by_an_id_alone(store: Store) -> None:
    look = store.lookup
    found = look.delivery("dlv_1")
    assert found is not None
    assert (found.tenant, found.source, found.received_at, found.verified) == ("acme", "greens", NOW, True)
    assert look.delivery("dlv_9") is None
    assert [one.id for one in look.deliveries_of("acme", ["c-1", "c-2"], "e-1")] == ["dlv_1"]
    assert look.deliveries_of("acme", ["c-2"], "e-1") == []
    assert [one.id for one in look.latest_deliveries_of("", "e-10")] == ["dlv_2"]
    assert look.latest_deliveries_of("other", "e-10") == []
    places = [(one.tenant, one.source) for one in look.events("e-1")]
    assert places == [("acme", "a"), ("acme", "b"), ("acme", "c"), ("other", "a")]
    assert [one.source for one in look.events("e-1", "acme", "b")] == ["b"]
    assert [one.source for one in look.events("e-2")] == ["a"], "no other source has it"
    assert look.tenants_with_case("c-1") == ["acme", "other"]
    assert look.tenants_with_recommendation("rec_1") == ["acme"]
    assert look.tenants_with_recommendation("rec_2") == []


def test_a_case_is_found_with_all_that_was_merged_into_it(store: Store) -> None:
    look = store.lookup
    assert [one.key for one in look.case_path("acme", "c-1")] == ["c-1", "c-2"]
    assert look.case_path("acme", "c-9") == []
    assert look.keys_of("acme", "c-2") == ["c-1", "c-2"]
    assert [one.id for one in look.events_of_case("acme", ["c-1", "c-2"], 2)][-1] == "e-2"
    assert len(look.events_of_case("acme", ["c-1", "c-2"], 2)) == 2
    assert [one.sequence for one in look.changes("acme", ["c-1", "c-2"], 2)] == [2, 3]
    waiting = look.waiting("acme", ["c-1", "c-2"], ["e-1"])
    assert [one.message_id for one in waiting] == ["rec_1.1", "rec_1.2", "rec_1.3", "e-1"]
    assert [one.leased_until for one in waiting] == [NOW + 5, NOW + 5, NOW + 5, NOW]
    assert look.waiting("other", [], ["e-1"]) == []
    assert [one.message_id for one in look.waiting("", [], ["e-1"])] == ["e-1"]


def test_nothing_of_another_tenant_or_case_is_found(store: Store) -> None:
    look = store.lookup
    assert [[one.sequence for one in look.changes("acme", [key], 9)] for key in ("c-1", "c-2")] == [[3], [1, 2]]
    assert look.changes("other", ["c-1", "c-2"], 9) == []
    assert [(one.tenant, one.source) for one in look.events("e-1", "other")] == [("other", "a")]
    assert [one.id for one in look.events_of_case("acme", ["c-2"], 9)] == ["e-2"]
    assert [one.tenant for one in look.events_of_case("other", ["c-1", "c-2"], 9)] == ["other"]
    assert look.deliveries_of("other", ["c-1"], "e-1") == []
    assert [(one.tenant, one.key) for one in look.case_path("other", "c-1")] == [("other", "c-1")]
    assert look.keys_of("other", "c-2") == ["c-2"], "nothing of theirs was merged into it"
    assert [one.message_id for one in look.waiting("acme", ["c-1"], [])] == ["rec_1.3"]
    assert look.waiting("other", ["c-1", "c-2"], []) == []


def test_a_webhook_of_several_events_is_found_by_each(store: Store) -> None:
    store.deliveries.add(delivery("dlv_3", NOW + 2, '[{"id": "e-7"}, {"id": "e-8"}]'), [])
    for event_id in ("e-7", "e-8"):
        assert [one.id for one in store.lookup.latest_deliveries_of("acme", event_id)] == ["dlv_3"]


def test_a_search_ends_after_a_number_of_places(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MAX_PLACES", 2)
    assert [one.source for one in store.lookup.events("e-1")] == ["a", "b"]
    monkeypatch.setattr(lookup, "MAX_PLACES", 1)
    assert store.lookup.tenants_with_case("c-1") == ["acme"]
