"""Counts of next changes by the hour, on both databases."""

from collections.abc import Iterator

import pytest

from signpost.storage import CaseRow, Store, open_store
from tests.support.databases import migrate

HOUR = 3_600_000_000
NOW = 1_772_460_000_000_000  # on the hour


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of each kind with the cases of two tenants."""
    url = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    changes = [None, NOW - 1, NOW, NOW + 1, NOW + HOUR - 1, NOW + HOUR, NOW + 3 * HOUR, NOW + 3 * HOUR + 5]
    rows = [CaseRow("acme", f"c-{number}", b"{}", next_change=at) for number, at in enumerate(changes)]
    rows += [CaseRow("other", "c-1", b"{}", next_change=NOW + 2 * HOUR)]
    rows += [CaseRow("acme", "merged", b"", merged_into="c-1", next_change=NOW + 2 * HOUR)]
    with open_store(url) as store:
        with store.transaction() as transaction:
            transaction.lock_cases([(row.tenant, row.key) for row in rows])
            transaction.save_cases(rows)
        yield store


def test_cases_are_counted_by_the_hour_of_their_next_change(store: Store) -> None:
    by_hour = store.next_changes.by_hour
    assert by_hour("acme", NOW, NOW + 10 * HOUR, 100) == [(NOW, 2), (NOW + HOUR, 1), (NOW + 3 * HOUR, 2)]
    assert by_hour("acme", NOW, NOW + 3 * HOUR, 100) == [(NOW, 2), (NOW + HOUR, 1), (NOW + 3 * HOUR, 1)]
    assert by_hour("acme", NOW, NOW + 10 * HOUR, 1) == [(NOW, 2)]
    assert by_hour("acme", NOW + HOUR - 1, NOW + 10 * HOUR, 1) == [(NOW + HOUR, 1)]
    assert by_hour("acme", NOW + 4 * HOUR, NOW + 10 * HOUR, 100) == []
    assert by_hour("other", 0, NOW + 10 * HOUR, 100) == [(NOW + 2 * HOUR, 1)]
    assert by_hour("nobody", 0, NOW + 10 * HOUR, 100) == []


def test_a_case_is_overdue_from_its_instant_on(store: Store) -> None:
    assert [store.next_changes.overdue("acme", at) for at in (NOW - 2, NOW - 1, NOW, NOW + HOUR)] == [0, 1, 2, 5]
    assert store.next_changes.overdue("other", NOW) == 0
