"""Which cases a changed rulebook must still reach, and which rulebook came after which: on PostgreSQL and on SQLite."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from signpost.storage import CaseRow, RulebookGroup, Store, open_store, postgres, sqlite, upgrade
from signpost.storage.engines import parse_url
from signpost.storage.schema import _config
from signpost.storage.store import RULEBOOK_RETENTION_US
from tests.support.databases import migrate

NOW = 1_772_460_000_000_000


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An upgraded database of each kind."""
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on it."""
    with open_store(url) as store:
        yield store


def save(store: Store, *rows: CaseRow) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)


def case(key: str, rulebook: str, since: int, tenant: str = "acme", into: str | None = None) -> CaseRow:
    return CaseRow(tenant, key, b"{}", b"", into, None, rulebook, NOW, since)


def claimed(store: Store, rulebook: str, limit: int = 100, tenant: str = "acme") -> list[str]:
    with store.transaction() as transaction:
        return [row.key for row in transaction.claim_by_rulebook(tenant, rulebook, limit)]


def test_a_case_remembers_since_when_a_rulebook_has_it(store: Store) -> None:
    save(store, case("c-1", "v1", 7))
    row = store.case("acme", "c-1")
    assert row is not None
    assert (row.rulebook, row.rulebook_since) == ("v1", 7)


def test_every_pair_of_tenant_and_rulebook_is_found_with_its_oldest_case(store: Store) -> None:
    assert store.rulebook_groups() == []
    save(store, case("c-1", "v1", 5), case("c-2", "v1", 3), case("c-3", "v2", 9), case("c-4", "v1", 1, into="c-1"))
    save(store, case("c-1", "", 0, "other"), case("c-2", "v2", 8, "other"), case("c-3", "v9", 1, into="c-1"))
    assert set(store.rulebook_groups()) == {
        RulebookGroup("acme", "v1", 3),
        RulebookGroup("other", "", 0),
        RulebookGroup("other", "v2", 8),
    }


def test_claims_take_one_rulebooks_cases_of_one_tenant_oldest_first(store: Store) -> None:
    save(
        store, *(case(f"c-{n}", "v1", 10 - n) for n in range(5)), case("c-9", "v2", 0), case("c-8", "v1", 0, into="c-1")
    )
    save(store, case("c-1", "v1", 0, "other"))
    assert claimed(store, "v1", 3) == ["c-4", "c-3", "c-2"]
    assert claimed(store, "v1") == ["c-4", "c-3", "c-2", "c-1", "c-0"]
    assert claimed(store, "v3") == []
    assert claimed(store, "v1", tenant="other") == ["c-1"]
    assert [store.count_by_rulebook("acme", version) for version in ("v1", "v2", "v3")] == [5, 1, 0]


def test_two_clocks_never_claim_one_case(store: Store, url: str) -> None:
    """Each takes what the other does not hold, and moves it on; together they get everything, nothing twice."""
    save(store, *(case(f"c-{n:03}", "v1", n) for n in range(120)))

    def work(_: int) -> list[str]:
        mine: list[str] = []
        with open_store(url) as own:
            while True:
                with own.transaction() as transaction:
                    rows = transaction.claim_by_rulebook("acme", "v1", 7)
                    transaction.save_cases([case(row.key, "v2", NOW) for row in rows])
                if not rows and not own.count_by_rulebook("acme", "v1"):
                    return mine
                mine += [row.key for row in rows]

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(work, range(3)))
    assert sorted(key for share in shares for key in share) == [f"c-{n:03}" for n in range(120)]


def test_a_claim_passes_over_what_an_advisor_holds(request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("postgres_url")
    upgrade(url)
    with open_store(url) as store:
        save(store, case("c-1", "v1", 1), case("c-2", "v1", 2))
        with store.transaction() as advisor, store.transaction() as clock:
            advisor.lock_cases([("acme", "c-1")])
            assert [row.key for row in clock.claim_by_rulebook("acme", "v1", 10)] == ["c-2"]


def test_rulebooks_are_ordered_by_their_announcement(store: Store) -> None:
    def order() -> list[str]:
        return sorted(store.rulebooks(), key=lambda version: store.rulebooks()[version].number)

    assert store.rulebooks() == {}
    store.announce_rulebooks(["v1"], NOW, as_newest=False)
    store.announce_rulebooks(["v2", "v2-acme"], NOW + 1, as_newest=False)
    assert order()[0] == "v1"
    store.announce_rulebooks(["v1"], NOW + 2, as_newest=False)
    assert order()[0] == "v1", "a process that starts with what is known changes no order"
    assert store.rulebooks()["v1"].seen_at == NOW + 2
    store.announce_rulebooks(["v1"], NOW + 3, as_newest=True)
    assert order()[-1] == "v1", "one that changes over to it does"
    with store.transaction() as transaction:
        assert transaction.rulebooks() == store.rulebooks()


def test_rulebooks_that_nobody_has_are_forgotten(store: Store) -> None:
    store.announce_rulebooks(["v1"], NOW, as_newest=False)
    store.announce_rulebooks(["v2"], NOW + RULEBOOK_RETENTION_US, as_newest=False)
    assert set(store.rulebooks()) == {"v1", "v2"}
    store.announce_rulebooks(["v2"], NOW + RULEBOOK_RETENTION_US + 1, as_newest=False)
    assert set(store.rulebooks()) == {"v2"}


def test_announcements_at_the_same_time_agree(url: str) -> None:
    def announce(number: int) -> None:
        with open_store(url) as store:
            for turn in range(10):
                store.announce_rulebooks(["v1", "v2"], NOW + turn, as_newest=bool((number + turn) % 2))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(announce, range(4)))
    with open_store(url) as store:
        assert set(store.rulebooks()) == {"v1", "v2"}
        assert {row.seen_at for row in store.rulebooks().values()} == {NOW + 9}


def test_cases_from_before_the_migration_count_as_the_oldest(request: pytest.FixtureRequest, sqlite_url: str) -> None:
    for url in (sqlite_url, request.getfixturevalue("empty_postgres_url")):
        engine = create_engine(parse_url(url))
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            connection.execute(
                text(
                    "INSERT INTO cases (tenant, key, state, advice, rulebook, updated)"
                    " VALUES ('acme', 'c-1', '', '', 'v0', 9)"
                )
            )
        engine.dispose()
        upgrade(url)
        with open_store(url) as store:
            assert store.rulebook_groups() == [RulebookGroup("acme", "v0", 0)]
            assert claimed(store, "v0") == ["c-1"]


def test_finding_the_rulebooks_of_cases_takes_a_step_for_each_and_not_for_each_case(store: Store) -> None:
    """The plan: every search goes by the whole of what the index can tell."""
    with store._engine.get().connect() as connection:
        if connection.dialect.name == "sqlite":
            plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sqlite.RULEBOOK_GROUPS}"))]
            searched = [line for line in plan if line.startswith("SEARCH c USING INDEX cases_rulebook")]
            assert [line.partition(" (")[2] for line in searched] == ["tenant=? AND rulebook>?)", "tenant>?)"]
            assert not [line for line in plan if "TEMP B-TREE" in line or line == "SCAN c"]
        else:
            connection.execute(text("SET enable_seqscan = off"))
            plan = [row[0].strip() for row in connection.execute(text(f"EXPLAIN {postgres.RULEBOOK_GROUPS}"))]
            assert sum("Index Only Scan using cases_rulebook" in line for line in plan) == 2
            assert "Index Cond: (ROW(tenant, rulebook) > ROW(head_1.tenant, head_1.rulebook))" in plan
            assert not [line for line in plan if "Sort" in line]
