"""What is done for one case, webhook, tenant or feed leaves those beside it alone, on both databases; and what waits is
found in order, at its instant, and at once when an operator says so."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select, text

from signpost.case.event import Event
from signpost.case.instant import HOUR
from signpost.messaging import Message
from signpost.names import ADVICE
from signpost.storage import (
    Announcement,
    Attempt,
    CalendarLink,
    CaseRow,
    DeliveryRow,
    EndpointCounts,
    Item,
    Settled,
    StaleCursor,
    Store,
    Waiting,
    inspection,
    open_store,
)
from signpost.storage.cursor import encode_cursor
from signpost.storage.tables import feed
from tests.support.databases import migrate
from tests.support.receivers import NOW, change_of, endpoint, record

LINK = CalendarLink("acme", "l-1", "c-1", b"1" * 32, NOW, NOW + 10)


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url = request.getfixturevalue(request.param)
    migrate(url)
    with open_store(url) as opened:
        yield opened


def erase(store: Store, key: str, tenant: str = "acme") -> list[str]:
    """Erase a case; the ids of what of it waited in the outbox."""
    with store.transaction() as transaction:
        return [row.message_id for row in transaction.erase(tenant, [key], NOW, now=NOW)]


def enqueue(store: Store, *names: str) -> list[int]:
    """Let messages of one case wait, each created a microsecond after the one before."""
    ids: list[int] = []
    for number, name in enumerate(names):
        with store.transaction() as transaction:
            message = [Message(ADVICE, "acme.candidate.offers.high.raised", b"{}", name)]
            ids += transaction.enqueue(message, tenant="acme", case_key="c-1", now=NOW + number, leased_until=0)
    return ids


def save(store: Store, *rows: CaseRow) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)


def test_a_new_link_to_a_calendar_deletes_no_expired_one_of_another_case(store: Store) -> None:
    """The clock of another host may be behind, and have it valid still."""
    save(store, CaseRow("acme", "c-1", b"{}"), CaseRow("acme", "c-2", b"{}"))
    assert store.calendar_links.add(LINK, NOW, 1)
    other = replace(LINK, id="l-2", case_key="c-2", digest=b"2" * 32, expires=None)
    assert store.calendar_links.add(other, NOW + 10, 1)
    assert store.calendar_links.of_case("acme", "c-1", NOW + 9) == [LINK]


def test_an_erasure_finds_the_webhooks_that_stay_when_others_are_deleted(store: Store) -> None:
    """By the cases of their events and by the ids in their bodies."""
    rest = ("acme", "s", NOW, "accepted", b"[]", b"[]", 7, b"{}", b"{}", b"raw")
    old, by_case, by_id = (DeliveryRow(name, *rest, verified=True) for name in ("old", "by case", "by id"))
    about = Event("acme", "s", "e", "candidate.preferences", NOW, "c-2", {})
    store.deliveries.add(replace(old, received_at=NOW - 1), [replace(about, subject="c-1")], ["c-1"])
    store.deliveries.add(by_case, [about])
    store.deliveries.add(by_id, [], ["c-3"])
    assert store.deliveries.prune(NOW, 9) == 1
    for key, left in (("c-2", ["by id"]), ("c-3", [])):
        erase(store, key)
        assert [one.id for one in store.deliveries.page("acme")] == left


def test_an_erasure_of_a_tenant_leaves_no_cursor_of_another_behind(store: Store) -> None:
    """Even where both feeds have a change at the same position, which is a matter of chance."""
    for tenant in ("acme", "globex"):
        record(store, change_of("r-1", 1, "raised", tenant=tenant))
    with store._write_connection() as connection:
        connection.execute(text("UPDATE feed SET position = 7"))
    cursors = {tenant: store.feed(tenant)[1] for tenant in ("acme", "globex")}
    for tenant in cursors:
        erase(store, "c-1", tenant)
    assert {tenant: store.feed(tenant, cursor) for tenant, cursor in cursors.items()} == {
        tenant: ([], cursor) for tenant, cursor in cursors.items()
    }


def test_a_tenant_without_a_feed_has_no_cursor(store: Store) -> None:
    with pytest.raises(StaleCursor, match="the database was replaced"):
        store.feed("acme", encode_cursor(7, 1))


def test_nothing_stored_is_nothing_read(store: Store) -> None:
    with store._read_connection() as connection:
        assert connection.execute(select(select(feed.c.body).scalar_subquery())).scalar_one() is None


def test_what_waited_is_returned_in_the_order_in_which_it_came(store: Store) -> None:
    """Also if the first was leased again since, so that PostgreSQL keeps it behind the others."""
    first, *_ = enqueue(store, "m-1", "m-2", "m-3")
    store.outbox.lease([first], NOW)
    assert erase(store, "c-1") == ["m-1", "m-2", "m-3"]


def test_the_message_that_waits_longest_tells_since_when(store: Store) -> None:
    assert store.inspection.outbox(9) == Waiting(0, None)
    first, *_ = enqueue(store, "m-1", "m-2", "m-3")
    store.outbox.lease([first], NOW)
    assert store.inspection.outbox(9) == Waiting(3, NOW)


def test_tenants_that_have_erased_are_named_in_order(store: Store) -> None:
    tenants = [f"t-{number}" for number in (3, 9, 1, 7, 5, 2, 8, 4, 6)]
    for tenant in tenants:
        erase(store, "c-1", tenant)
    assert store.erasures.tenants() == sorted(tenants)


def test_a_case_is_due_at_its_instant_and_counts_for_its_tenant_alone(store: Store) -> None:
    rows = [CaseRow(tenant, "c-1", b"{}", next_change=NOW - age) for age, tenant in enumerate(("acme", "globex"))]
    save(store, *rows, CaseRow("acme", "c-2", b"{}", next_change=NOW))
    assert store.inspection.due(NOW - 2, 9) == Waiting(0, None)
    assert store.inspection.due(NOW - 1, 9) == Waiting(1, NOW - 1)
    assert store.inspection.due(NOW, 9) == Waiting(3, NOW - 1)


def test_of_the_feed_the_latest_changes_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "LATEST", 2)
    changes = [change_of(f"r-{number}", 1, "raised") for number in range(4)]
    record(store, *(replace(one, at=NOW + number) for number, one in enumerate(changes)))
    assert store.inspection.since([NOW + 3])["advice"] == [1]


def test_what_was_set_aside_is_due_at_once_when_it_is_sent_again(store: Store) -> None:
    assert store.endpoints.add(endpoint(), 5)
    message = Announcement("acme", "c-1", "", "r-1.1", NOW, b"{}")
    store.outgoing.queue(endpoint(), message, Item("r-1", 1, False), NOW)
    [one] = store.outgoing.claim(NOW, NOW + 1, 9, 9)
    failed = Attempt(one.message, NOW, 1, "failed", reached=False)
    store.outgoing.settle([Settled(failed, due=NOW + HOUR, set_aside=True)])
    assert store.endpoints.counts(NOW)["ep_1"] == EndpointCounts(waiting=0, oldest=None, set_aside=1)
    store.endpoints.resume("globex", "ep_1", NOW + 1)
    assert store.outgoing.claim(NOW + 1, NOW + 2, 9, 9) == []
    store.endpoints.resume("acme", "ep_1", NOW + 1)
    assert store.endpoints.counts(NOW)["ep_1"].set_aside == 0
    assert [again.message.attempts for again in store.outgoing.claim(NOW + 1, NOW + 2, 9, 9)] == [0]


def test_an_endpoint_that_is_not_there_is_none(store: Store) -> None:
    assert store.endpoints.add(endpoint(), 5)
    assert store.endpoints.get("globex", "ep_1") is store.endpoints.get("acme", "ep_2") is None


def test_what_is_sent_again_is_locked_in_the_order_in_which_it_is_handed_out(postgres_url: str) -> None:
    """Else who sends again and who hands out may wait for each other."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with open_store(postgres_url) as opened:
        listening.listen(opened._engine.get(), "before_cursor_execute", note)
        opened.endpoints.resume("acme", "ep_1", NOW)
    own = [one for one in statements if "endpoint_messages" in one]
    assert [one.split()[0] for one in own] == ["SELECT", "UPDATE"]
    assert own[0].split("ORDER BY")[1].split()[-2:] == ["FOR", "UPDATE"]
