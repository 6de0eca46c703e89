"""What one transaction stores of several changes and cases, and what it leaves to other tenants; on SQLite, because
both databases share this code, and in SQL of its own."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from signpost.storage import CaseRow, RulebookRow, SeenEvent, Store
from signpost.storage.rows import StandingRow
from signpost.storage.tables import rulebooks
from tests.support.receivers import NOW, change_of, record


def save(store: Store, *rows: CaseRow) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)


def test_a_case_of_which_nothing_is_set_was_never_evaluated_by_a_rulebook() -> None:
    row = CaseRow("acme", "c-1")
    assert (row.updated, row.rulebook_since, row.next_change) == (0, 0, None)
    assert RulebookRow(row.rulebook, 0, NOW).version == ""


def test_a_case_that_was_only_locked_is_as_good_as_new(store: Store) -> None:
    with store.transaction() as transaction:
        assert transaction.lock_cases([("acme", "c-1")]) == {("acme", "c-1"): CaseRow("acme", "c-1")}


def test_a_case_that_is_saved_again_is_another_and_the_others_stay(store: Store) -> None:
    first = CaseRow("acme", "c-1", b"{}", b"[]", None, NOW, "v1", NOW, NOW, b"1", b"2")
    others = [replace(first, key="c-2"), replace(first, tenant="globex")]
    save(store, first, *others)
    again = CaseRow("acme", "c-1", b"{1}", b"[2]", None, NOW + 1, "v2", NOW + 2, NOW + 3, b"3", b"4")
    save(store, again)
    assert [store.case(row.tenant, row.key) for row in (again, *others)] == [again, *others]


@pytest.mark.parametrize(
    ("sequences", "kept"),
    [((1, 2), 1), ((2, 1), 0), ((2, 2), 1), ((1, 3, 2), 1)],
    ids=["in order", "the later one first", "one number twice", "the latest in the middle"],
)
def test_of_several_changes_of_one_recommendation_the_latest_stands(
    store: Store, sequences: tuple[int, ...], kept: int
) -> None:
    """Of two with one number, the last one; and each is a change in the feed."""
    changes = [
        replace(change_of("r-1", sequence, "updated"), body=b"%d" % place) for place, sequence in enumerate(sequences)
    ]
    record(store, *changes, change_of("r-2", 1, "raised"))
    found = store.recommendation("acme", "r-1")
    assert found is not None
    assert (found.sequence, found.body) == (sequences[kept], b"%d" % kept)
    assert len(store.feed("acme")[0]) == len(changes) + 1


def test_a_later_change_replaces_all_that_is_stored_of_the_one_before(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"), change_of("r-1", 1, "raised", tenant="globex"))
    later = replace(
        change_of("r-1", 2, "resolved", "c-2"), audience="employer", rule="other", priority="low", at=NOW + 1
    )
    record(store, later)
    found = store.recommendation("acme", "r-1")
    assert found is not None
    assert {name: getattr(later, name) for name in found.__slots__ if name != "id"} == {
        name: getattr(found, name) for name in found.__slots__ if name != "id"
    }
    theirs = store.recommendation("globex", "r-1")
    assert theirs is not None
    assert theirs.sequence == 1


def test_an_erasure_gives_what_is_left_of_a_deleted_case_to_the_one_that_lives(store: Store) -> None:
    """Later events, which the next erasure looks for, and applications; those of no other tenant."""
    rows = [
        CaseRow(tenant, key, b"{}", merged_into=into)
        for tenant in ("acme", "globex")
        for key, into in (("c-1", None), ("c-0", "c-1"), ("application:a-1", "c-0"))
    ]
    save(store, *rows)
    before, since = (SeenEvent("acme", "s", f"e-{at}", "c-0", NOW + at, NOW) for at in (0, 1))
    with store.transaction() as transaction:
        transaction.mark_seen([before, since, *(replace(one, tenant="globex") for one in (before, since))])
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW, living=["c-1", "application:a-1"])
    look = store.lookup
    assert [row.key for row in look.case_path("acme", "application:a-1")] == ["application:a-1", "c-1"]
    assert look.case_path("acme", "c-0") == []
    assert look.events_of_case("acme", ["c-0", "c-1"], 9) == [replace(since, case_key="c-1")]
    assert [row.key for row in look.case_path("globex", "application:a-1")] == ["application:a-1", "c-0", "c-1"]
    assert len(look.events_of_case("globex", ["c-0"], 9)) == 2


def test_all_cases_that_were_merged_into_one_are_found_in_order(store: Store) -> None:
    keys = [f"c-{number:02}" for number in range(20)]
    save(store, *(CaseRow("acme", key, merged_into=None if key == "c-07" else "c-07") for key in keys))
    assert store.lookup.keys_of("acme", "c-07") == keys


def test_the_cases_of_another_tenant_change_nothing_of_what_was_merged(store: Store) -> None:
    save(store, CaseRow("acme", "c-0", merged_into="c-1"))
    found = store.lookup.keys_of("acme", "c-1")
    save(store, CaseRow("globex", "c-1", b"{}"))
    assert store.lookup.keys_of("acme", "c-1") == found


def test_the_list_of_an_employer_has_no_cases_of_another_tenant(store: Store) -> None:
    rows = [StandingRow(tenant, "e", "c-1", 1, NOW) for tenant in ("acme", "globex")]
    with store.transaction() as transaction:
        transaction.save_standings(rows, [])
    assert [store.standings(row.tenant, "e") for row in rows] == [[row] for row in rows]


def test_rulebooks_that_are_announced_again_and_again_take_no_room(store: Store) -> None:
    for number in range(3):
        for as_newest in (True, False):
            store.announce_rulebooks(["v1", "v2 acme"], NOW + number, as_newest=as_newest)
    with store._read_connection() as connection:
        assert connection.execute(select(func.count()).select_from(rulebooks)).scalar_one() == 2


@pytest.mark.parametrize("announced", ["v1", "v1 acme"])
def test_a_rulebook_of_one_tenant_has_the_version_that_it_would_have_for_all(announced: str) -> None:
    assert RulebookRow(announced, 1, NOW).version == "v1"
