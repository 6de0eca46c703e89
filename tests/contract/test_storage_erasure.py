"""What an erasure takes from the store, what it leaves, and what is remembered of it: on PostgreSQL and on SQLite."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from signpost.case.erasure import of_absorbed, of_case, of_event
from signpost.storage import CaseRow, Store, open_store
from signpost.storage.rows import StandingRow
from tests.support.databases import migrate
from tests.support.stored_rows import LEASE, NOW, Letter, change, seen


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store in an upgraded database of each kind."""
    url = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    with open_store(url) as store:
        yield store


def test_erasure_takes_everything_and_keeps_digests(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.mark_seen([seen(1, time=NOW - 1), seen(2, time=NOW), seen(3, case_key="c-2", time=NOW - 1)])
        transaction.lock_cases([("acme", "c-1")])
        transaction.record([change(1), change(1, case_key="c-2", recommendation_id="r-2")], now=NOW, leased_until=0)
        transaction.enqueue([Letter()], tenant="acme", case_key="c-1", now=NOW - 1, leased_until=0)
        transaction.enqueue([Letter(message_id="since")], tenant="acme", case_key="c-1", now=NOW + 1, leased_until=0)
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert store.case("acme", "c-1") is None
    assert store.recommendation("acme", "r-1") is None
    assert store.recommendation("acme", "r-2") is not None
    assert [row.case_key for row in store.feed("acme")[0]] == ["c-2"]
    assert [row.message_id for row in store.outbox.claim(NOW, LEASE, 9)] == ["r-2.1", "since"]
    names = [of_case("c-1"), of_case("c-2"), *(of_event("ats", f"e-{number}") for number in (1, 2, 3))]
    with store.transaction() as transaction:
        found = transaction.erasures("acme", names)
        assert transaction.erasures("rival", names) == {}
    assert found == dict.fromkeys([of_case("c-1"), of_event("ats", "e-1"), of_event("ats", "e-2")], NOW)


def test_erasure_leaves_what_was_stated_since(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.mark_seen([seen(1, time=NOW), seen(2, time=NOW + 1)])
        transaction.lock_cases([("acme", "c-1")])
        transaction.save_cases([CaseRow("acme", "c-1", state=b"{}")])
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW, living=["c-1"])
    assert store.case("acme", "c-1") is not None
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1), seen(2)]) == {("acme", "ats", "e-1")}


def test_an_earlier_erasure_does_not_replace_a_later_one(store: Store) -> None:
    for at in (NOW, NOW + 5, NOW + 2):
        with store.transaction() as transaction:
            transaction.erase("acme", ["c-1"], at, now=at)
    with store.transaction() as transaction:
        assert transaction.erasures("acme", [of_case("c-1")]) == {of_case("c-1"): NOW + 5}


def test_who_waits_for_a_case_while_it_is_erased_begins_it_anew(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as transaction:
            transaction.lock_cases([("acme", "c-1")])
            waiting = pool.submit(lock, store, "c-1", "c-0")
            assert not wait([waiting], timeout=0.3).done
            transaction.erase("acme", ["c-1"], NOW, now=NOW)
        rows, found = waiting.result(10)
    assert sorted(rows) == [("acme", "c-0"), ("acme", "c-1")], "with what it does not wait for"
    assert found == {of_case("c-1"): NOW}


def lock(store: Store, *keys: str) -> tuple[Any, dict[str, int]]:
    with store.transaction() as transaction:
        return transaction.lock_cases([("acme", key) for key in keys]), transaction.erasures(
            "acme", [of_case(key) for key in keys]
        )


def test_erasure_takes_what_was_told_of_absorbed_cases_too(store: Store) -> None:
    keys = ["application:a", "c-0", "c-1"]
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", key) for key in keys])
        transaction.save_cases(
            [CaseRow("acme", key, merged_into=into) for key, into in zip(keys, ["c-0", "c-1", None], strict=True)]
        )
        emitted = [change(1, case_key=key, recommendation_id=key) for key in [*keys, "c-2"]]
        transaction.record(emitted, now=NOW, leased_until=0)
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert [row.case_key for row in store.feed("acme")[0]] == ["c-2"]


def test_erasure_takes_a_case_out_of_the_lists_of_employers(store: Store) -> None:
    places = [("acme", "c-0"), ("acme", "c-1"), ("acme", "c-2"), ("rival", "c-1")]
    with store.transaction() as transaction:
        transaction.lock_cases(places)
        transaction.save_cases([CaseRow("acme", "c-0", merged_into="c-1")])
        transaction.save_standings([StandingRow(tenant, "e", key, 1, NOW) for tenant, key in places], [])
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    left = [(row.tenant, row.case_key) for tenant in ("acme", "rival") for row in store.standings(tenant, "e")]
    assert left == [("acme", "c-2"), ("rival", "c-1")]


def test_the_first_of_two_events_with_one_id_is_remembered(store: Store) -> None:
    """The one that is handled: an erasure must find it under its case."""
    with store.transaction() as transaction:
        transaction.mark_seen([seen(1, case_key="first"), seen(1, case_key="second")])
    with store.transaction() as transaction:
        transaction.erase("acme", ["first"], NOW, now=NOW)
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1)]) == {("acme", "ats", "e-1")}


def test_erasure_leaves_the_cases_of_another_tenant_that_have_the_same_keys(store: Store) -> None:
    """Also those merged into a case of the same name."""
    for tenant in ("acme", "rival"):
        with store.transaction() as transaction:
            transaction.lock_cases([(tenant, "c-0"), (tenant, "c-1")])
            transaction.save_cases([CaseRow(tenant, "c-0", merged_into="c-1"), CaseRow(tenant, "c-1", b"{}")])
            transaction.mark_seen([seen(1, tenant, "c-0"), seen(2, tenant, "c-1")])
            transaction.enqueue([Letter(message_id=tenant)], tenant=tenant, case_key="c-0", now=NOW, leased_until=0)
    with store.transaction() as transaction:
        transaction.lock_cases([("rival", "only-theirs")])
        transaction.save_cases([CaseRow("rival", "only-theirs", merged_into="c-1")])
        transaction.lock_cases([("acme", "only-theirs")])
        transaction.save_cases([CaseRow("acme", "only-theirs", b"{}")])
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert store.case("acme", "c-0") is None
    assert store.case("acme", "only-theirs") is not None, "merged into a c-1 of the rival alone"
    rival = store.case("rival", "c-0")
    assert rival is not None
    assert rival.key == "c-1"
    assert [row.message_id for row in store.outbox.claim(NOW, LEASE, 9)] == ["rival"]
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1, "rival", "c-0"), seen(2, "rival")]) == set()


def test_an_event_kept_at_the_instant_of_the_erasure_goes_and_advice_of_any_time_goes(store: Store) -> None:
    letters = [("at", NOW, "signpost.events"), ("after", NOW + 1, "signpost.events"),
               ("advice", NOW + 1, "signpost.advice"), ("questions", NOW + 1, "signpost.questions")]  # fmt: skip
    with store.transaction() as transaction:
        for name, created, exchange in letters:
            letter = Letter(exchange=exchange, message_id=name)
            transaction.enqueue([letter], tenant="acme", case_key="c-1", now=created, leased_until=0)
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    assert [row.message_id for row in store.outbox.claim(NOW, LEASE, 9)] == ["after"]


def test_an_application_that_was_absorbed_is_recognized_as_such(store: Store) -> None:
    """It may move to another candidate; the erased candidate itself may not."""
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "application:a"), ("acme", "c-1")])
        transaction.save_cases([CaseRow("acme", "application:a", merged_into="c-1")])
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    names = [of_absorbed("application:a"), of_absorbed("c-1"), of_case("application:a")]
    with store.transaction() as transaction:
        found = transaction.erasures("acme", names)
    assert set(found) == {of_absorbed("application:a"), of_case("application:a")}


def test_what_waited_of_an_erased_case_is_returned_in_order(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
        changes = [change(recommendation_id=f"r-{number}") for number in range(5)]
        ids = transaction.record(changes, now=NOW, leased_until=LEASE)
    with store.transaction() as transaction:
        waiting = transaction.erase("acme", {"c-1"}, NOW, now=NOW)
    assert [row.id for row in waiting] == sorted(ids)
