"""What several do in PostgreSQL at the same time, and the order of what it returns by itself in none."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select, text

from signpost.case.instant import HOUR
from signpost.storage import Announcement, Attempt, CaseRow, Claimed, EndpointRow, Item, Settled, Store, open_store
from signpost.storage.endpoint_tables import endpoints
from signpost.storage.postgres import _list, _rows
from tests.support.receivers import NOW, change_of, endpoint, record

ONE, OTHER = endpoint(), endpoint("ep_2")
COLUMNS = ("tenant", "sequence", "newest", "body")


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with open_store(postgres_url, statement_timeout_s=2) as opened:
        yield opened


def queue(store: Store, to: EndpointRow, item: str) -> None:
    message = Announcement("acme", f"c-{item}", "", f"{item}.1", NOW, b"words")
    store.outgoing.queue(to, message, Item(item, 1, False), NOW)


def claim(store: Store) -> list[Claimed]:
    return store.outgoing.claim(NOW, NOW + HOUR, 9, 9)


def test_who_claims_leaves_an_endpoint_to_another_who_works_on_it(store: Store) -> None:
    """Two at once would take more than its share."""
    for one in (ONE, OTHER):
        assert store.endpoints.add(one, 5)
        queue(store, one, "r-1")
    mine = select(endpoints.c.id).where(endpoints.c.id == "ep_1").with_for_update()
    with store._write_connection() as holder:
        assert holder.execute(mine).all()
        assert [one.endpoint.id for one in claim(store)] == ["ep_2"]
    assert [one.endpoint.id for one in claim(store)] == ["ep_1"]


def test_a_result_locks_its_own_endpoint_and_no_other_before_it_is_recorded(store: Store, postgres_url: str) -> None:
    for one in (ONE, OTHER):
        assert store.endpoints.add(one, 5)
    queue(store, ONE, "r-1")
    [claimed] = claim(store)
    free: list[str] = []
    with open_store(postgres_url) as other:

        def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO endpoint_attempts"):
                with other._write_connection() as connection:
                    free.extend(connection.scalars(select(endpoints.c.id).with_for_update(skip_locked=True)))

        event.listen(store._engine.get(), "before_cursor_execute", look)
        store.outgoing.settle([Settled(Attempt(claimed.message, NOW, 1, "delivered", reached=True))])
    assert free == ["ep_2"]


def test_advice_that_is_raised_again_while_old_rows_are_deleted_stays(store: Store, postgres_url: str) -> None:
    record(store, change_of("r-1", 1, "resolved"), change_of("r-2", 1, "resolved"))
    with open_store(postgres_url) as other:

        def raise_again(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT") and other.recommendations("acme", "c-1", status="active") == []:
                record(other, change_of("r-1", 2, "raised"))

        event.listen(store._engine.get(), "after_cursor_execute", raise_again)
        store.retention.prune_ended_advice(NOW + 1, (), 9)
    assert [(row.id, row.sequence) for row in store.recommendations("acme", "c-1")] == [("r-1", 2)]


def test_hours_come_in_order_however_the_database_groups_them(store: Store) -> None:
    def group_without_sorting(connection: Any, _record: object) -> None:
        connection.execute("SET enable_sort = off")
        connection.commit()

    event.listen(store._engine.get(), "connect", group_without_sorting)
    hours = [NOW + number * 7 % 60 * HOUR for number in range(60)]
    rows = [CaseRow("acme", f"c-{number}", b"{}", next_change=at) for number, at in enumerate(hours)]
    with store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)
    found = store.next_changes.by_hour("acme", NOW - 1, NOW + 100 * HOUR, 100)
    assert found == [(at, 1) for at in sorted(hours)]


def test_a_batch_is_one_statement_whose_rows_come_back_as_they_were_sent(store: Store) -> None:
    rows = [("globex", 2**40, True, b"\x00\xff"), ("acme", -1, False, b""), ('é"\\{}', 0, True, b"{}")]
    query = text(f"SELECT {_list(COLUMNS)}, {_list(COLUMNS, 'v.')} FROM {_rows(COLUMNS)} ORDER BY nth")
    arrays = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    with store._read_connection() as connection:
        assert [tuple(row) for row in connection.execute(query, arrays)] == [(*row, *row) for row in rows]
