"""Every listing has the order and the limit that it promises, however its rows came to be stored, on both databases.

The rows are stored in another order, and the databases read no index: else one that they happen to read gives order.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from signpost.storage import (
    Announcement,
    Attempt,
    CalendarLink,
    CaseRow,
    Change,
    DeliveryRow,
    Item,
    SeenEvent,
    Settled,
    Store,
    Waiting,
    due_cases,
    inspection,
    lookup,
    open_store,
)
from signpost.storage.retention import Page
from signpost.storage.rows import DueBacklog, StandingRow
from tests.support.databases import migrate
from tests.support.receivers import NOW, change_of, endpoint, record
from tests.support.workers_kit import event as event_of
from tests.support.workers_kit import message

MIXED = (3, 1, 5, 2, 4)
"""The order in which rows are stored."""
FAR = 9


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of each kind, without indexes apart from those of primary keys in SQLite."""
    url = request.getfixturevalue(request.param)
    migrate(url)
    with open_store(url) as opened:
        if request.param == "postgres_url":
            event.listen(opened._engine.get(), "connect", read_no_index)
        else:
            drop_indexes(opened)
        yield opened


def read_no_index(connection: Any, _record: object) -> None:
    for kind in ("indexscan", "indexonlyscan", "bitmapscan"):
        connection.execute(f"SET enable_{kind} = off")
    connection.commit()


def drop_indexes(store: Store) -> None:
    with store._write_connection() as connection:
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'index' AND sql > ''")).all():
            connection.execute(text(f"DROP INDEX {name}"))


def rewrite_first(store: Store, table: str) -> None:
    """Change the first row, which PostgreSQL then keeps behind the others."""
    with store._write_connection() as connection:
        connection.execute(text(f"UPDATE {table} SET tenant = tenant WHERE id = (SELECT min(id) FROM {table})"))


def save(store: Store, *rows: CaseRow) -> None:
    """Store cases, each in a transaction of its own, because one transaction stores them in the order of their keys."""
    for row in rows:
        with store.transaction() as transaction:
            transaction.lock_cases([(row.tenant, row.key)])
            transaction.save_cases([row])


def advice(number: int, tenant: str = "acme", status: str = "active") -> Change:
    """A change of the recommendation r-`number`, of a rule of its own."""
    words = ("raised", status, "candidate", f"rule-{number}", "offer/o", "high", NOW + number, b"%d" % number)
    return Change(tenant, "c-1", f"r-{number}", number, *words, f"{tenant}.candidate.offers.high.raised")


def delivery(number: int, at: int, status: str = "refused") -> DeliveryRow:
    events = b'[{"id": "e-1"}]'
    return DeliveryRow(
        f"d-{number}", "acme", "s", NOW + at, status, b"[]", events, 2, b"{}", b"{}", None, verified=True
    )


def test_the_outbox_is_claimed_by_the_last_attempt_and_read_from_its_beginning(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids: list[int] = []
    for number, lease in enumerate((5, 3, 4, 1, 2), start=1):
        letter = [message(event_of("offer.extended", "c-1", id=f"m-{number}", offer="o"))]
        with store.transaction() as transaction:
            ids += transaction.enqueue(letter, tenant="acme", case_key="c-1", now=NOW - number, leased_until=lease)
    assert [row.id for row in store.outbox.claim(NOW, NOW + FAR, 3)] == [ids[1], ids[3], ids[4]]
    rewrite_first(store, "outbox")
    assert store.outbox.age(NOW) == 1, "the first has been tried again since"
    assert store.inspection.outbox(4) == Waiting(4, NOW - 1)
    monkeypatch.setattr(lookup, "MAX_WAITING", 3)
    waiting = store.lookup.waiting("acme", [], [f"m-{number}" for number in range(1, 6)])
    assert [one.message_id for one in waiting] == ["m-1", "m-2", "m-3"]


def test_due_cases_come_earliest_first_and_a_share_of_each_tenant(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.due_backlog(NOW) == DueBacklog(0, 0)
    assert store.inspection.due(NOW, FAR) == Waiting(0, None)
    options: dict[str, Any] = {"state": b"{}", "rulebook": "v1"}
    save(
        store,
        CaseRow("other", "c-1", next_change=NOW - 2, updated=NOW + 7, **options),
        *(
            CaseRow("acme", f"c-{n}", next_change=NOW - n, updated=NOW + n, rulebook_since=FAR - n, **options)
            for n in MIXED
        ),
        CaseRow("acme", "merged", next_change=NOW - FAR, updated=NOW + FAR, merged_into="c-1", **options),
    )
    with store.transaction() as transaction:
        assert [row.key for row in transaction.claim_by_rulebook("acme", "v1", 3)] == ["c-5", "c-4", "c-3"]
        claimed = [(row.tenant, row.key) for row in transaction.claim_due(NOW, 4)]
        assert claimed == [("acme", "c-5"), ("acme", "c-4"), ("other", "c-1")]
        assert [row.updated - NOW for row in transaction.claim_evaluated_after(NOW + 2, 2)] == [7, 5]
        assert [row.updated - NOW for row in transaction.claim_evaluated_after(NOW + 2, FAR)] == [7, 5, 4, 3]
    assert [store.count_evaluated_after(NOW + 2, limit) for limit in (2, FAR)] == [2, 4]
    assert store.due_backlog(NOW) == DueBacklog(6, 5)
    assert store.due_backlog(NOW - 4) == DueBacklog(2, 1)
    assert [store.inspection.due(NOW, limit) for limit in (3, 5, 6)] == [Waiting(n, NOW - 5) for n in (3, 5, 6)]
    with store._read_connection() as connection:
        assert due_cases.backlog(connection, NOW, 2) == DueBacklog(3, 5), "at most two of each tenant"


def test_tenants_and_cases_are_sorted(store: Store) -> None:
    save(store, *(CaseRow(f"t-{n}", f"c-{m}", b"{}") for n in MIXED for m in (2, 1)))
    assert store.tenants() == store.lookup.tenants_with_case("c-1") == [f"t-{n}" for n in range(1, 6)]
    save(store, *(CaseRow("acme", f"c-{n}", b"{}") for n in MIXED), CaseRow("acme", "c-6", b"{}", merged_into="c-1"))
    for page in (1, 2, 5, 6):
        assert [row.key for row in store.cases("acme", page)] == [f"c-{n}" for n in range(1, 6)]


def test_candidates_are_sorted_and_found_by_the_beginning_of_their_keys(store: Store) -> None:
    save(store, *(CaseRow("acme", f"c-{n}", b"{}") for n in (3, 1, 12, 2, 11)), CaseRow("acme", "c-10"))
    save(store, CaseRow("other", "c-15", b"{}"))
    page = store.candidates.page
    assert [row.key for row in page("acme", "", 3)] == ["c-1", "c-11", "c-12"]
    assert [row.key for row in page("acme", "c-12", FAR)] == ["c-2", "c-3"]
    assert [row.key for row in page("acme", "", FAR, "c-1")] == ["c-1", "c-11", "c-12"]


def test_advice_of_a_case_is_sorted_and_a_sample_of_it_counted(store: Store) -> None:
    record(store, *(advice(n, tenant="other") for n in (8, 9)))
    for number in MIXED:
        record(store, advice(number))
    assert [row.id for row in store.recommendations("acme", "c-1")] == [f"r-{n}" for n in range(1, 6)]
    for page in (1, 2, 5, 6):
        assert [row.id for row in store.endpoints.active("acme", page=page)] == [f"r-{n}" for n in range(1, 6)]
    record(store, advice(2, status="resolved"))
    counted = {"rule-1": {"active": 1}, "rule-2": {"resolved": 1}, "rule-3": {"active": 1}}
    assert store.outcomes.of_tenant("acme", 3) == (counted, True)
    assert store.outcomes.of_tenant("acme", 6)[1] is False


def test_the_feed_begins_with_the_first_change_and_the_latest_with_the_last(store: Store) -> None:
    for number in range(1, 6):
        record(store, advice(number))
    rewrite_first(store, "feed")
    rows, cursor = store.feed("acme", None, 2)
    assert [row.sequence for row in rows] == [1, 2]
    assert [row.sequence for row in store.feed("acme", cursor, 2)[0]] == [3, 4]
    assert list(store.latest_changes(2)) == [(NOW + 5, b"5"), (NOW + 4, b"4")]
    assert [one.sequence for one in store.lookup.changes("acme", ["c-1"], 2)] == [4, 5]
    assert store.inspection.since([NOW + 4, NOW + 6])["advice"] == [2, 0]


def test_deliveries_come_the_newest_first_and_go_the_oldest_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = [event_of("offer.extended", "c-1", id="e-1", offer="o")]
    for number in MIXED:
        store.deliveries.add(delivery(number, min(number, 4)), about)
    first = store.deliveries.page("acme", limit=2)
    assert [one.id for one in first] == ["d-5", "d-4"], "received at once, the greater id first"
    rest = store.deliveries.page("acme", before=(first[-1].received_at, first[-1].id))
    assert [one.id for one in rest] == ["d-3", "d-2", "d-1"]
    store.deliveries.add(delivery(6, 6, "accepted"), about)
    assert len(store.inspection.refused(2)) == 2
    monkeypatch.setattr(inspection, "LATEST", 30)
    assert {one.id for one in store.inspection.refused(FAR)} == {"d-5", "d-4"}, "of the latest three"
    for limit, found in ((1000, [1, 2, 3, 4, 4, 6]), (3, [4, 4, 6])):
        monkeypatch.setattr(lookup, "MAX_DELIVERIES", limit)
        of_case = store.lookup.deliveries_of("acme", ["c-1"], "e-1")
        latest = store.lookup.latest_deliveries_of("", "e-1")
        assert [[one.received_at - NOW for one in each] for each in (of_case, latest)] == [found, found]
    assert store.deliveries.prune(NOW + 4, 2) == 2
    assert [one.id for one in store.deliveries.page("acme")] == ["d-6", "d-5", "d-4", "d-3"]


def test_events_are_found_in_the_order_of_their_sources_and_of_a_case_the_latest(store: Store) -> None:
    for number in MIXED:
        seen = SeenEvent("acme", f"s-{number}", "e", "c-1", NOW, NOW + number)
        with store.transaction() as transaction:
            transaction.mark_seen([seen])
    assert [one.source for one in store.lookup.events("e")] == [f"s-{n}" for n in range(1, 6)]
    assert [one.source for one in store.lookup.events_of_case("acme", ["c-1"], 2)] == ["s-4", "s-5"]
    pages = [store.retention.prune_seen_events(NOW, after, 2) for after in ((), ("acme", "s-2", "e"))]
    assert pages == [Page(0, ("acme", "s-2", "e")), Page(0, ("acme", "s-4", "e"))]


def test_usage_counts_each_row_once_whatever_the_size_of_a_page(store: Store) -> None:
    save(store, *(CaseRow("acme", f"c-{n}", b"%d" % 10**n) for n in MIXED))
    for number in MIXED:
        store.deliveries.add(delivery(number, 1), [])
    for size in (1, 2, 4, 5, 9):
        pages = list(store.usage.pages(size))
        assert max(page.rows for page in pages) <= size
        assert sum(page.rows for page in pages) == 10
        assert sum(page.cases["acme"] for page in pages) == 5
        stored = sum(page.bytes["acme"] for page in pages)
        assert stored == 2 + 3 + 4 + 5 + 6 + 5 * 4, "states, and what is shown of deliveries and their headers"


def test_the_lists_that_people_read_are_sorted(store: Store) -> None:
    for number in MIXED:
        store.consumers.put(f"c-{number}", ["#"], NOW)
        rows = [StandingRow("acme", "e", f"c-{number}", number // 2, 5), StandingRow("acme", "f", f"c-{number}", 0, 5)]
        with store.transaction() as transaction:
            transaction.save_standings(rows, [])
    assert list(store.consumers.all()) == [f"c-{n}" for n in range(1, 6)]
    assert [row.case_key for row in store.standings("acme", "e", limit=4)] == ["c-1", "c-2", "c-3", "c-4"]


def test_links_to_a_calendar_come_the_oldest_first(store: Store) -> None:
    save(store, CaseRow("acme", "c-1", b"{}"))
    for number in MIXED:
        link = CalendarLink("acme", f"l-{number}", "c-1", bytes([number]) * 32, NOW - number // 4, None)
        assert store.calendar_links.add(link, NOW, FAR)
    assert [link.id for link in store.calendar_links.of_case("acme", "c-1", NOW)] == ["l-4", "l-5", "l-1", "l-2", "l-3"]


def test_endpoints_come_by_tenant_and_age(store: Store) -> None:
    for number in MIXED:
        for tenant in ("b", "a"):
            assert store.endpoints.add(endpoint(f"ep_{number}", tenant=tenant, now=NOW - number // 4), FAR)
    oldest_first = [f"ep_{n}" for n in (4, 5, 1, 2, 3)]
    assert [row.id for row in store.endpoints.all("a")] == oldest_first
    assert [(row.tenant, row.id) for row in store.endpoints.all()] == [(t, n) for t in "ab" for n in oldest_first]


def test_tenants_with_announcements_are_sorted_and_the_oldest_one_tells_the_age(store: Store) -> None:
    for number in MIXED:
        assert store.endpoints.add(endpoint("ep_1", tenant=f"t-{number}"), FAR)
        record(store, change_of("r-1", 1, "raised", tenant=f"t-{number}"), now=NOW + number)
    assert store.outgoing.announced() == [f"t-{n}" for n in range(1, 6)]
    assert [store.outgoing.announced_age(now) for now in (NOW + 9, NOW)] == [8, 0]


def test_announcements_are_spread_in_order_some_at_a_time(store: Store) -> None:
    assert store.endpoints.add(endpoint(every_change=True), FAR)
    for number in range(1, 6):
        record(store, change_of("r-1", number, "updated"))
    rewrite_first(store, "announcements")
    taken: list[str] = []

    def choose(_endpoint: object, row: Announcement) -> None:
        taken.append(row.message_id)

    assert [store.outgoing.spread("acme", 2, NOW, choose) for _ in range(4)] == [2, 2, 1, 0]
    assert taken == [f"r-1.{n}" for n in range(1, 6)]


def test_what_waits_for_an_endpoint_is_claimed_by_when_it_is_due(store: Store) -> None:
    one = endpoint()
    assert store.endpoints.add(one, FAR)
    for number in MIXED:
        announced = Announcement("acme", f"c-{number}", "", f"a-{number}.1", NOW, b"{}")
        store.outgoing.queue(one, announced, Item(f"a-{number}", 1, False), NOW - number // 4)
    claimed = store.outgoing.claim(NOW, NOW + 1, FAR, FAR)
    assert [each.message.item for each in claimed] == ["a-5", "a-4", "a-3", "a-1", "a-2"], "then by when they came"
    for number, each in enumerate(claimed):
        attempt = Attempt(each.message, NOW + MIXED[number], 1, "delivered", reached=True)
        store.outgoing.settle([Settled(attempt, keep_body=True)])
    assert [item.name for _, item in store.outgoing.known(one, NOW)] == [f"a-{n}" for n in range(1, 6)]
    rewrite_first(store, "endpoint_attempts")
    attempts = store.endpoints.attempts("acme", "ep_1")
    assert [each.at - NOW for each in attempts] == list(reversed(MIXED)), "the latest attempt first"
    assert [each.id for each in store.endpoints.attempts("acme", "ep_1", before=attempts[1].id, limit=2)] == [
        attempts[2].id,
        attempts[3].id,
    ]
    assert store.outgoing.prune(NOW + 4, 0, 2) == 2
    assert sorted(each.at - NOW for each in store.endpoints.attempts("acme", "ep_1")) == [3, 4, 5]
