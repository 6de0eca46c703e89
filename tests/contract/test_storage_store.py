"""What the store promises on both databases, of events, cases, advice and the feed: on PostgreSQL and on SQLite."""

from collections.abc import Iterator

import pytest

from signpost.errors import BugError, CallerError
from signpost.storage import CaseRow, FeedbackTarget, SeenEvent, StorageRefused, Store, open_store
from tests.support.databases import migrate
from tests.support.stored_rows import LEASE, NOW, change, seen


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store in an upgraded database of each kind."""
    url = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    with open_store(url) as store:
        yield store


def test_the_recommendations_of_a_case_are_sorted_by_id(store: Store) -> None:
    with store.transaction() as transaction:
        changes = [change(recommendation_id=name) for name in ("r-3", "r-1", "r-2")]
        changes.append(change(recommendation_id="r-0", case_key="c-2"))
        transaction.record(changes, now=NOW, leased_until=LEASE)
    assert [row.id for row in store.recommendations("acme", "c-1")] == ["r-1", "r-2", "r-3"]


def test_an_event_is_new_once(store: Store) -> None:
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1), seen(2), seen(1)]) == {("acme", "ats", "e-1"), ("acme", "ats", "e-2")}
        assert transaction.mark_seen([seen(2)]) == set()
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1), seen(3)]) == {("acme", "ats", "e-3")}
        assert transaction.mark_seen([]) == set()


def test_ids_of_any_text_come_back_as_given(store: Store) -> None:
    odd = 'é"\\\n\u2028 \U0001f600{}[],NULL'
    event = SeenEvent(odd, odd, odd, odd, -1, 2**62)
    with store.transaction() as transaction:
        assert transaction.mark_seen([event]) == {(odd, odd, odd)}
        assert list(transaction.lock_cases([(odd, odd)])) == [(odd, odd)]


def test_a_case_keeps_its_bytes(store: Store) -> None:
    row = CaseRow("acme", "c-1", b'{"b": 1.10,"a":"\\u0000\xc3\xa9"}', b"\x00\xff", None, NOW, "v1", NOW)
    with store.transaction() as transaction:
        assert transaction.lock_cases([("acme", "c-1")]) == {("acme", "c-1"): CaseRow("acme", "c-1")}
        transaction.save_cases([row])
    assert store.case("acme", "c-1") == row
    with store.transaction() as transaction:
        assert transaction.lock_cases([("acme", "c-1")])["acme", "c-1"] == row


def test_many_cases_in_one_batch(store: Store) -> None:
    keys = [("acme", f"c-{number}") for number in range(300)]
    with store.transaction() as transaction:
        assert set(transaction.lock_cases(keys)) == set(keys)
        rows = [
            CaseRow(tenant, key, key.encode(), next_change=None if number % 2 else NOW)
            for number, (tenant, key) in enumerate(keys)
        ]
        transaction.save_cases(rows)
    with store.transaction() as transaction:
        assert sorted(row.key for row in transaction.lock_cases(keys).values()) == sorted(key for _, key in keys)
    for row in rows[:3]:
        assert store.case(row.tenant, row.key) == row


def test_only_cases_that_exist_are_saved(store: Store) -> None:
    with pytest.raises(BugError), store.transaction() as transaction:
        transaction.save_cases([CaseRow("acme", "never locked")])
    assert store.case("acme", "never locked") is None


def test_a_case_that_was_only_locked_does_not_exist_yet(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1"), ("acme", "c-2"), ("rival", "c-2")])
        transaction.save_cases([CaseRow("acme", "c-1", b"{}"), CaseRow("rival", "c-2", b"{}")])
    assert store.usage.existing_cases("acme", ["c-1", "c-2"]) == {"c-1"}


def test_a_merged_case_is_returned_as_it_is_and_followed_by_reads(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", key) for key in "abc"])
        transaction.save_cases([CaseRow("acme", "a", merged_into="b"), CaseRow("acme", "b", merged_into="c")])
    with store.transaction() as transaction:
        assert transaction.lock_cases([("acme", "a")])["acme", "a"].merged_into == "b"
    assert store.case("acme", "a") == CaseRow("acme", "c")


def test_due_cases_come_earliest_first_and_merged_ones_never(store: Store) -> None:
    due = {"late": NOW, "early": NOW - 5, "future": NOW + 1, "merged": NOW - 9, "never": None}
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", key) for key in due])
        rows = [CaseRow("acme", key, next_change=at) for key, at in due.items()]
        rows[3].merged_into = "early"
        transaction.save_cases(rows)
    with store.transaction() as transaction:
        assert [row.key for row in transaction.claim_due(NOW, 10)] == ["early", "late"]
        assert [row.key for row in transaction.claim_due(NOW, 1)] == ["early"]


def add_due(store: Store, due: dict[tuple[str, str], int]) -> None:
    """Store cases that are due at these instants."""
    with store.transaction() as transaction:
        transaction.lock_cases(list(due))
        transaction.save_cases([CaseRow(tenant, key, next_change=at) for (tenant, key), at in due.items()])


def test_due_cases_are_claimed_from_all_tenants_alike(store: Store) -> None:
    add_due(store, {("busy", f"c-{number}"): NOW - 3000 + number for number in range(300)})
    add_due(store, {("late", "only"): NOW, ("later", "future"): NOW + 1})
    with store.transaction() as transaction:
        claimed = transaction.claim_due(NOW, 100)
    assert [(row.tenant, row.key) for row in claimed] == [
        *(("busy", f"c-{number}") for number in range(50)),
        ("late", "only"),
    ]


def test_more_tenants_with_due_cases_than_a_batch_has_room_for_come_longest_due_first(store: Store) -> None:
    add_due(store, {(f"t-{number}", f"c-{case}"): NOW - number for number in range(30) for case in range(3)})
    with store.transaction() as transaction:
        claimed = transaction.claim_due(NOW, 10)
    assert sorted(row.tenant for row in claimed) == sorted(f"t-{number}" for number in range(20, 30))


def test_record_keeps_the_latest_and_tells_every_change(store: Store) -> None:
    with store.transaction() as transaction:
        ids = transaction.record(
            [change(1), change(2, change="updated"), change(1, recommendation_id="r-2")], now=NOW, leased_until=LEASE
        )
        assert ids == sorted(ids)
        assert len(set(ids)) == 3
    latest = store.recommendation("acme", "r-1")
    assert latest is not None
    assert (latest.sequence, latest.change, latest.body) == (2, "updated", b'{"b":1, "a":2}')
    rows = store.feed("acme")[0]
    assert [(row.recommendation_id, row.sequence, row.body) for row in rows] == [
        ("r-1", 1, b'{"b":1, "a":1}'),
        ("r-1", 2, b'{"b":1, "a":2}'),
        ("r-2", 1, b'{"b":1, "a":1}'),
    ]
    with store.transaction() as transaction:
        transaction.record([change(3, status="resolved", change="resolved")], now=NOW, leased_until=LEASE)
    assert [row.status for row in store.recommendations("acme", "c-1")] == ["resolved", "active"]
    assert [row.id for row in store.recommendations("acme", "c-1", status="active")] == ["r-2"]
    assert [row.sequence for row in store.feed("acme", rows[-1].cursor)[0]] == [3]


def test_a_repeated_older_change_does_not_replace_a_newer_one(store: Store) -> None:
    for sequence in (2, 1):
        with store.transaction() as transaction:
            transaction.record([change(sequence)], now=NOW, leased_until=LEASE)
    latest = store.recommendation("acme", "r-1")
    assert latest is not None
    assert latest.sequence == 2


def test_the_feed_pages_and_filters(store: Store) -> None:
    with store.transaction() as transaction:
        emitted = [change(n, audience="candidate" if n % 2 else "employer") for n in range(1, 8)]
        transaction.record(emitted, now=NOW, leased_until=LEASE)
    assert len(store.feed("acme")[0]) == 7
    pages, cursor = [], None
    while True:
        rows, cursor = store.feed("acme", cursor, 2)
        if not rows:
            break
        pages.append([row.sequence for row in rows])
    assert pages == [[1, 2], [3, 4], [5, 6], [7]]
    employers, _ = store.feed("acme", None, 10, "employer")
    assert [row.sequence for row in employers] == [2, 4, 6]
    assert [row.sequence for row in store.feed("acme", employers[0].cursor, 2)[0]] == [3, 4]
    assert store.feed("acme", cursor) == ([], cursor)


@pytest.mark.parametrize(
    "cursor", ["", "x", "MC4w=", "é", "LTEuMA", "OTk5OTk5OTk5OTk5OTk5OTk5OS4w", "a" * 5000, "\x00", "MC4wCg"]
)
def test_a_bad_cursor_is_the_callers_fault(store: Store, cursor: str) -> None:
    with pytest.raises(CallerError):
        store.feed("acme", cursor)


def test_an_error_in_a_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.mark_seen([seen(1)])
            transaction.lock_cases([("acme", "c-1")])
            transaction.record([change()], now=NOW, leased_until=0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.case("acme", "c-1") is None
    assert store.feed("acme") == ([], None)
    assert store.outbox.depth(NOW) == (0, None)
    with store.transaction() as transaction:
        assert len(transaction.mark_seen([seen(1)])) == 1


def test_tenants_with_the_same_ids_never_meet(store: Store) -> None:
    with store.transaction() as transaction:
        assert len(transaction.mark_seen([seen(1, "acme"), seen(1, "rival")])) == 2
        transaction.lock_cases([("acme", "c-1"), ("rival", "c-1")])
        transaction.save_cases([CaseRow("acme", "c-1", b"acme"), CaseRow("rival", "c-1", b"rival")])
        transaction.record([change(1, "acme"), change(2, "rival")], now=NOW, leased_until=0)
    for tenant, sequence in (("acme", 1), ("rival", 2)):
        row, latest = store.case(tenant, "c-1"), store.recommendation(tenant, "r-1")
        assert row is not None
        assert row.state == tenant.encode()
        assert latest is not None
        assert latest.sequence == sequence
        assert [row.sequence for row in store.recommendations(tenant, "c-1")] == [sequence]
        assert [row.sequence for row in store.feed(tenant)[0]] == [sequence]
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW + 1, now=NOW)
    assert store.recommendation("rival", "r-1") is not None
    assert [row.tenant for row in store.outbox.claim(NOW, LEASE, 9)] == ["rival"]
    assert store.case("nobody", "c-1") is None
    assert store.feed("nobody") == ([], None)


@pytest.mark.parametrize(
    "event", [SeenEvent("acme", "ats", "\ud800", "c", 0, 0), SeenEvent("acme", "ats", "e", "c", 2**63, 0)]
)
def test_values_that_no_database_holds_are_refused(store: Store, event: SeenEvent) -> None:
    with pytest.raises(StorageRefused), store.transaction() as transaction:
        transaction.mark_seen([event])
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1)])


def test_taking_back_that_an_event_was_seen_touches_no_other_tenants_and_no_other_sources(store: Store) -> None:
    mine, rival = seen(1), seen(1, tenant="rival")
    other_source = SeenEvent("acme", "board", "e-1", "c-1", NOW, NOW)
    other_id = seen(2)
    with store.transaction() as transaction:
        transaction.mark_seen([mine, rival, other_source, other_id])
        transaction.unmark_seen([("acme", "ats", "e-1")])
    with store.transaction() as transaction:
        assert transaction.mark_seen([mine, rival, other_source, other_id]) == {("acme", "ats", "e-1")}


def test_only_empty_rows_are_deleted_as_empty(store: Store) -> None:
    rows = {
        "empty": CaseRow("acme", "empty"),
        "full": CaseRow("acme", "full", b"{}"),
        "merged": CaseRow("acme", "merged", merged_into="full"),
        "other": CaseRow("acme", "other"),
    }
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", key) for key in rows] + [("rival", "empty")])
        transaction.save_cases(list(rows.values()))
    with store.transaction() as transaction:
        transaction.delete_empty_cases("acme", ["empty", "full", "merged"])
    left = {key for key in rows if store.case("acme", key) is not None}
    assert left == {"full", "merged", "other"}
    assert store.case("rival", "empty") is not None


def test_feedback_finds_recommendations_of_its_own_tenant_alone(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.record([change(tenant="acme"), change(tenant="rival", case_key="c-9")], now=NOW, leased_until=0)
    with store.transaction() as transaction:
        found = transaction.feedback_targets([("acme", "r-1"), ("nobody", "r-1"), ("acme", "r-2")])
    assert found == {("acme", "r-1"): FeedbackTarget("c-1", "candidate")}
    assert store.feedback_targets([("acme", "r-1"), ("nobody", "r-1"), ("acme", "r-2")]) == found


def test_an_empty_batch_touches_nothing(store: Store) -> None:
    with store.transaction() as transaction:
        assert transaction.lock_cases([]) == {}
        assert transaction.record([], now=NOW, leased_until=0) == []
        assert transaction.enqueue([], tenant="acme", case_key="c-1", now=NOW, leased_until=0) == []
        transaction.save_cases([])
        transaction.erase("acme", [], NOW, now=NOW)
    assert store.outbox.age(NOW) is None
