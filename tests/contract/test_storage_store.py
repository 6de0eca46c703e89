"""What the store promises on both databases: one suite, run on PostgreSQL and on SQLite."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import pytest

from signpost.case.erasure import of_absorbed, of_case, of_event
from signpost.errors import BugError, CallerError
from signpost.storage import CaseRow, Change, FeedbackTarget, SeenEvent, StorageRefused, Store, open_store
from tests.support.databases import migrate

NOW = 1_772_460_000_000_000
LEASE = NOW + 1_000_000


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An upgraded database of each kind."""
    name = "postgres_url" if request.param == "postgresql" else "sqlite_url"
    url: str = request.getfixturevalue(name)
    migrate(url)
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on it."""
    with open_store(url) as store:
        yield store


@dataclass(frozen=True)
class Letter:
    """An outbox message of our own, to show that any object of the shape will do."""

    exchange: str = "signpost.events"
    routing_key: str = "0.acme.offer.extended"
    body: bytes = b"{}"
    message_id: str = "m-1"
    headers: dict[str, str | int] = field(default_factory=lambda: {"x-tries": 1, "cloudEvents_id": "m-1"})
    content_type: str = "application/cloudevents+json"


def seen(number: int, tenant: str = "acme", case_key: str = "c-1", time: int = NOW) -> SeenEvent:
    """An event to remember."""
    return SeenEvent(tenant, "ats", f"e-{number}", case_key, time, NOW)


def change(sequence: int = 1, tenant: str = "acme", case_key: str = "c-1", **other: str) -> Change:
    """A change to record."""
    values: dict[str, Any] = {
        "recommendation_id": "r-1",
        "audience": "candidate",
        "status": "active",
        "change": "raised",
        **other,
    }
    return Change(
        tenant=tenant,
        case_key=case_key,
        sequence=sequence,
        rule="withdraw-promptly",
        subject="offer/acme",
        priority="high",
        at=NOW,
        body=f'{{"b":1, "a":{sequence}}}'.encode(),
        routing_key=f"{tenant}.candidate.offers.high.raised",
        **values,
    )


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


def test_the_outbox_respects_leases_and_keeps_its_order(store: Store) -> None:
    with store.transaction() as transaction:
        first = transaction.record([change(1), change(2)], now=NOW, leased_until=LEASE)
        second = transaction.enqueue(
            [Letter(), Letter(message_id="m-2")], tenant="acme", case_key="c-1", now=NOW + 7, leased_until=0
        )
    assert store.outbox.depth(NOW + 10) == (4, 10)
    claimed = store.outbox.claim(NOW, LEASE, 10)
    assert [row.id for row in claimed] == second
    assert claimed[0].headers == Letter().headers
    assert claimed[0].body == b"{}"
    assert claimed[0].message_id == "m-1"
    assert store.outbox.claim(NOW, LEASE, 10) == []
    late = store.outbox.claim(LEASE, LEASE + 1, 3)
    assert [row.id for row in late] == [*first, second[0]]
    assert [(row.exchange, row.message_id) for row in late[:2]] == [
        ("signpost.advice", "r-1.1"),
        ("signpost.advice", "r-1.2"),
    ]
    store.outbox.delete([row.id for row in late])
    assert store.outbox.depth(NOW).waiting == 1
    store.outbox.delete(second)
    assert store.outbox.depth(NOW) == (0, None)


def test_an_outbox_id_is_never_given_twice(store: Store) -> None:
    """A relay's late delete would otherwise take a message that nobody has published."""
    ids: list[int] = []
    for _ in range(3):
        with store.transaction() as transaction:
            ids += transaction.enqueue([Letter()], tenant="acme", case_key="c-1", now=NOW, leased_until=0)
        store.outbox.delete(ids)
    assert len(set(ids)) == 3


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


@pytest.mark.parametrize(
    "event", [SeenEvent("acme", "ats", "\ud800", "c", 0, 0), SeenEvent("acme", "ats", "e", "c", 2**63, 0)]
)
def test_values_that_no_database_holds_are_refused(store: Store, event: SeenEvent) -> None:
    with pytest.raises(StorageRefused), store.transaction() as transaction:
        transaction.mark_seen([event])
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1)])


def test_the_first_of_two_events_with_one_id_is_remembered(store: Store) -> None:
    """The one that is handled: an erasure must find it under its case."""
    with store.transaction() as transaction:
        transaction.mark_seen([seen(1, case_key="first"), seen(1, case_key="second")])
    with store.transaction() as transaction:
        transaction.erase("acme", ["first"], NOW, now=NOW)
    with store.transaction() as transaction:
        assert transaction.mark_seen([seen(1)]) == {("acme", "ats", "e-1")}


def test_taking_back_that_an_event_was_seen_touches_no_other_tenants_and_no_other_sources(store: Store) -> None:
    mine, rival = seen(1), seen(1, tenant="rival")
    other_source = SeenEvent("acme", "board", "e-1", "c-1", NOW, NOW)
    other_id = seen(2)
    with store.transaction() as transaction:
        transaction.mark_seen([mine, rival, other_source, other_id])
        transaction.unmark_seen([("acme", "ats", "e-1")])
    with store.transaction() as transaction:
        assert transaction.mark_seen([mine, rival, other_source, other_id]) == {("acme", "ats", "e-1")}


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


def test_the_outbox_shows_how_much_waits_and_since_when(store: Store) -> None:
    with store.transaction() as transaction:
        for number, leased in enumerate([NOW, NOW + 1]):
            letter = Letter(message_id=f"m-{number}")
            transaction.enqueue([letter], tenant="acme", case_key="c-1", now=NOW - 5 + number, leased_until=leased)
    assert store.outbox.age(NOW) == 5
    assert store.outbox.age(NOW - 9) == 0, "a clock that was set back"
    assert store.outbox.depth(NOW) == (2, 5)


def test_a_lease_that_ends_too_late_does_not_count(store: Store) -> None:
    """It is of a process whose clock was ahead."""
    with store.transaction() as transaction:
        for leased in (NOW + 10, NOW + 11):
            transaction.enqueue([Letter()], tenant="acme", case_key="c-1", now=NOW, leased_until=leased)
    assert len(store.outbox.claim(NOW, LEASE, 10, latest=NOW + 10)) == 1
    assert store.outbox.claim(NOW, LEASE, 10, latest=LEASE) == []


def test_messages_that_are_tried_again_and_again_keep_no_other_waiting(store: Store) -> None:
    """Without this, as many refused messages as fit into a claim, with the lowest ids, are all that is ever tried."""

    def add(leased_until: int) -> list[int]:
        letters = [Letter(), Letter(message_id="m-2")]
        with store.transaction() as transaction:
            return transaction.enqueue(letters, tenant="acme", case_key="c-1", now=NOW, leased_until=leased_until)

    stuck = add(0)
    assert [row.id for row in store.outbox.claim(NOW, NOW + 10, 2)] == stuck
    fresh = add(NOW + 5)
    assert [row.id for row in store.outbox.claim(NOW + 10, NOW + 20, 2)] == fresh
    assert [row.id for row in store.outbox.claim(NOW + 10, NOW + 20, 2)] == stuck


def test_what_waited_of_an_erased_case_is_returned_in_order(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
        changes = [change(recommendation_id=f"r-{number}") for number in range(5)]
        ids = transaction.record(changes, now=NOW, leased_until=LEASE)
    with store.transaction() as transaction:
        waiting = transaction.erase("acme", {"c-1"}, NOW, now=NOW)
    assert [row.id for row in waiting] == sorted(ids)
