"""Small promises of stores at their edges, on both databases: tenants apart, pages, ends, and what is used once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from signpost.case.erasure import of_case
from signpost.case.event import Event
from signpost.messaging import Message
from signpost.names import ADVICE, AGENDA, EVENTS, QUESTIONS
from signpost.storage import CalendarLink, CaseRow, DeliveryRow, SeenEvent, Store, erasures, open_store
from signpost.storage.buckets import Lease, Rate
from signpost.storage.deliveries import MAX_UNVERIFIED_BYTES
from signpost.storage.delivery_tables import delivery_cases, delivery_ids
from signpost.storage.errors import StorageRefused
from signpost.storage.page_sessions import LINK, SESSION, PageSession, digest_of
from signpost.storage.rows import StandingRow
from tests.support.databases import migrate
from tests.support.receivers import change_of, record

NOW = 1_772_460_000_000_000
ROW = DeliveryRow("d", "acme", "s", NOW, "accepted", b"[]", b"[]", 7, b'{"a":1}', b"{}", b"raw", verified=True)
EVENT = Event("acme", "s", "e", "candidate.preferences", NOW, "c-1", {})
HOME = PageSession(b"l" * 32, LINK, "acme", "tenant", "", "", NOW, NOW + 10)
LINK_1 = CalendarLink("acme", "l-1", "c-1", b"1" * 32, NOW, NOW + 10)


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url = request.getfixturevalue(request.param)
    migrate(url)
    with open_store(url) as opened:
        yield opened


def erase(store: Store, at: int = NOW) -> None:
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], at, now=NOW)


def links(store: Store) -> int:
    """Rows that lead from a case or an id to a delivery."""
    with store._read_connection() as connection:
        tables = (delivery_cases, delivery_ids)
        return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def test_nothing_leads_to_a_delivery_that_an_erasure_covers_or_that_is_gone(store: Store) -> None:
    store.deliveries.add(ROW, [replace(EVENT, subject="c-2")], ["c-2"])
    assert links(store) == 2
    assert store.deliveries.prune(NOW + 1, 9) == 1
    assert links(store) == 0
    erase(store)
    store.deliveries.add(ROW, [EVENT], ["c-1"])
    assert links(store) == 0


def test_whoever_signs_nothing_learns_nothing_of_erasures(store: Store) -> None:
    """Else the log shows a stranger whose webhook was emptied."""
    erase(store)
    store.deliveries.add(replace(ROW, verified=False), [], ["c-1"])
    found = store.deliveries.get("acme", "d")
    assert found is not None
    assert found.shown == ROW.shown


def test_a_reader_of_the_feed_that_has_read_everything_keeps_its_place(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised", tenant="globex"))
    _, cursor = store.feed("acme", None)
    assert store.feed("acme", cursor) == ([], cursor)
    erase(store)
    assert store.feed("acme", None)[0] == []
    assert [row.recommendation_id for row in store.feed("globex", None)[0]] == ["r-2"]


def test_a_signed_message_is_bound_until_the_end_of_its_time(store: Store) -> None:
    assert store.signed_messages.claim(b"k", b"1", until=NOW + 10, now=NOW)
    store.signed_messages.prune(NOW + 10)
    assert not store.signed_messages.claim(b"k", b"2", until=NOW + 10, now=NOW + 10)


def test_the_refusal_of_a_value_that_cannot_be_stored_does_not_contain_it(store: Store) -> None:
    with pytest.raises(StorageRefused) as caught, store.transaction() as transaction:
        transaction.mark_seen([SeenEvent("acme", "ats", "Jane Doe \ud800", "c", 0, 0)])
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize("key", [("acme", "Jane Doe \ud800"), ("Jane Doe \ud800", "c-1")])
def test_no_case_has_a_key_that_is_no_text(store: Store, key: tuple[str, str]) -> None:
    """It would be stored as other bytes, and never be found again."""
    with pytest.raises(StorageRefused) as caught, store.transaction() as transaction:
        transaction.lock_cases([key])
    assert "Jane" not in str(caught.value)


def test_an_identity_that_is_no_text_was_never_erased(store: Store) -> None:
    """A body may name one; nothing can be stored under it."""
    erase(store)
    assert store.erasures.find("acme", [of_case("\ud800"), of_case("c-1")]) == {of_case("c-1"): NOW}


def test_keys_beyond_ascii_are_found_again(store: Store) -> None:
    key = ("acme", 'Zoë "\\" \u2028 😀')
    for _ in range(2):
        with store.transaction() as transaction:
            assert list(transaction.lock_cases([key])) == [key]
    assert [row.key for row in store.lookup.case_path(*key)] == [key[1]]


def test_who_erases_no_case_erases_nothing(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"))
    with store.transaction() as transaction:
        assert transaction.erase("acme", [], NOW, now=NOW) == []
    assert store.recommendation("acme", "r-1") is not None
    assert store.erasures.tenants() == []


def test_an_error_of_other_code_within_a_transaction_is_not_one_of_the_database(store: Store) -> None:
    with pytest.raises(OverflowError), store.transaction():
        date.min - timedelta(days=1)


def test_the_latest_place_in_the_list_of_an_employer_counts_and_no_page_repeats(store: Store) -> None:
    for rank in (3, 1):
        rows = [StandingRow("acme", "e", "c-1", rank, 5), StandingRow("acme", "e", "c-2", 2, 5)]
        with store.transaction() as transaction:
            transaction.save_standings(rows, [])
    first = store.standings("acme", "e", limit=1)
    assert [(row.case_key, row.rank) for row in first] == [("c-1", 1)]
    assert [row.case_key for row in store.standings("acme", "e", (1, 5, "c-1"))] == ["c-2"]


def test_a_link_to_the_page_is_no_session_and_begins_one_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = store.page_sessions
    sessions.add(HOME, NOW)
    assert sessions.find(SESSION, HOME.digest, NOW) is None
    begun = replace(HOME, digest=b"1" * 32, kind=SESSION, created=NOW + 1, expires=NOW + 99)
    assert sessions.begin(HOME.digest, b"1" * 32, NOW + 1, NOW + 99) == begun
    assert sessions.find(SESSION, b"1" * 32, NOW + 98) == begun
    monkeypatch.setattr(sessions, "find", lambda *_: HOME)
    assert sessions.begin(HOME.digest, b"2" * 32, NOW, NOW + 99) is None, "two requests have read it"


def test_a_link_that_nobody_used_is_deleted(store: Store) -> None:
    store.page_sessions.add(HOME, NOW)
    store.page_sessions.add(replace(HOME, digest=b"m" * 32, expires=NOW + 99), NOW + 10)
    assert store.page_sessions.find(LINK, HOME.digest, NOW) is None
    assert store.page_sessions.find(LINK, b"m" * 32, NOW) is not None


def test_a_merged_case_is_no_candidate_and_still_one_that_exists(store: Store) -> None:
    merged = [CaseRow("acme", key, state=state, merged_into="c-1") for key, state in (("c-2", b"{}"), ("c-3", b""))]
    rows = [CaseRow("acme", "c-1", state=b"{}"), *merged]
    with store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)
    assert [row.key for row in store.candidates.page("acme", "", 9)] == ["c-1"]
    assert store.usage.existing_cases("acme", ["c-1", "c-3", "c-9"]) == {"c-1", "c-3"}


def test_only_active_advice_of_a_candidate_counts(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised"))
    record(store, change_of("r-2", 2, "resolved"))
    assert store.candidates.count_active("acme", ["c-1"]) == {"c-1": {("candidate", "high"): 1}}
    assert max(page.rows for page in store.usage.pages(1)) == 1


def test_a_bucket_gives_what_it_has_and_nothing_below_the_minimum(store: Store) -> None:
    rate, second = Rate(10, 20), 1_000_000
    assert store.lease_tokens("acme", 1, 15, rate, NOW) == Lease(15, NOW + 15 * second // 10)
    assert store.lease_tokens("acme", 6, 9, rate, NOW) == Lease(0, NOW + 15 * second // 10)
    assert store.lease_tokens("acme", 5, 9, rate, NOW) == Lease(5, NOW + 2 * second)
    assert store.lease_tokens("acme", 1, 9, rate, NOW) == Lease(0, NOW + 2 * second)
    assert store.lease_tokens("globex", 1, 9, rate, NOW).tokens == 9
    assert store.lease_tokens("acme", 1, 9, rate, NOW) == Lease(0, NOW + 2 * second), "each has its own"
    assert store.lease_tokens("acme", 1, 99, rate, NOW + 3600 * second).tokens == 20


def test_a_host_whose_clock_ran_ahead_blocks_a_tenant_for_one_bucket_at_most(store: Store) -> None:
    rate, second = Rate(10, 20), 1_000_000
    store.lease_tokens("acme", 1, 20, rate, NOW + 3600 * second)
    assert store.lease_tokens("acme", 1, 20, rate, NOW) == Lease(0, NOW + 2 * second)
    assert store.lease_tokens("acme", 1, 20, rate, NOW + second) == Lease(10, NOW + 3 * second)


def test_an_empty_store_says_so_and_a_full_one_what_is_latest(store: Store) -> None:
    assert store.inspection.latest_instants() == {}
    assert store.outgoing.announced_age(NOW) == 0
    store.deliveries.add(ROW, [EVENT], ["c-1"])
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1"), ("acme", "c-2")])
        transaction.save_cases([CaseRow("acme", "c-1", b"{}", updated=NOW + 1)])
        transaction.save_cases([CaseRow("acme", "c-2", b"{}", merged_into="c-1", updated=NOW + 2)])
    assert store.inspection.latest_instants() == {"case": NOW + 1, "webhook": NOW}


def test_a_tenant_whose_cases_are_all_merged_is_measured(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
        transaction.save_cases([CaseRow("acme", "c-1", b"{}", merged_into="c-2")])
    pages = list(store.usage.pages(10))
    assert sum(page.cases["acme"] for page in pages) == 0
    assert sum(page.bytes["acme"] for page in pages) > 0


def test_who_signs_out_leaves_the_others_signed_in(store: Store) -> None:
    for name in (b"1" * 32, b"2" * 32):
        store.page_sessions.add(replace(HOME, digest=name, kind=SESSION), NOW)
    store.page_sessions.remove(b"1" * 32)
    assert store.page_sessions.find(SESSION, b"1" * 32, NOW) is None
    assert store.page_sessions.find(SESSION, b"2" * 32, NOW) is not None
    assert store.page_sessions.find(SESSION, digest_of("\ud800"), NOW) is None, "any text may be sent as a cookie"


def test_a_link_to_a_calendar_is_of_one_case_until_its_instant(store: Store) -> None:
    with store.transaction() as transaction:
        for key in ("c-1", "c-2"):
            transaction.lock_cases([("acme", key), ("globex", key)])
    forever = replace(LINK_1, id="l-2", digest=b"2" * 32, expires=None)
    others = [
        replace(LINK_1, id="l-3", digest=b"3" * 32, case_key="c-2"),
        replace(LINK_1, tenant="globex", digest=b"4" * 32),
    ]
    links = store.calendar_links
    for link in (LINK_1, forever, *others):
        assert links.add(link, NOW, 2)
    assert not links.add(replace(LINK_1, id="l-5", digest=b"5" * 32), NOW, 2)
    assert links.of_case("acme", "c-1", NOW + 9) == [LINK_1, forever]
    assert links.of_case("acme", "c-1", NOW + 10) == [forever]
    assert [links.by_digest(b"1" * 32, NOW + after) for after in (9, 10)] == [LINK_1, None]
    assert links.by_digest(b"2" * 32, NOW + 10) == forever
    assert not links.remove("acme", "c-2", "l-1")
    assert links.remove("acme", "c-1", "l-1")
    assert links.of_case("globex", "c-1", NOW) == [others[1]]
    assert links.of_case("acme", "c-1", NOW) == [forever]
    assert links.of_case("acme", "c-2", NOW) == [others[0]]


def test_links_that_have_expired_make_room(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
    assert store.calendar_links.add(LINK_1, NOW, 1)
    other = replace(LINK_1, id="l-2", digest=b"2" * 32, expires=NOW + 99)
    assert not store.calendar_links.add(other, NOW + 9, 1)
    assert store.calendar_links.add(other, NOW + 10, 1)
    assert store.calendar_links.of_case("acme", "c-1", NOW) == [other], "the expired one is gone"


def test_a_relay_leases_its_own_rows_and_those_of_a_key_are_released(store: Store) -> None:
    keys = ("acme.a", "acme.b", "acme.a")
    with store.transaction() as transaction:
        rows = [("acme", "c-1", Message(exchange, keys[n], b"{}", f"m-{n}")) for n, exchange in enumerate("xxy")]
        ids = transaction.enqueue_all(rows, now=NOW, leased_until=NOW + 5)
    store.outbox.lease(ids[1:], NOW + 9)
    assert [row.id for row in store.outbox.claim(NOW + 5, NOW + 7, 9)] == ids[:1]
    store.outbox.release("x", "acme.a", NOW + 7, NOW + 6)
    assert store.outbox.claim(NOW + 6, NOW + 8, 9) == [], "what ends then was leased in time"
    store.outbox.release("x", "acme.a", NOW + 6, NOW + 6)
    assert [row.id for row in store.outbox.claim(NOW + 6, NOW + 8, 9)] == ids[:1]
    assert [row.id for row in store.outbox.claim(NOW + 9, NOW + 99, 9)] == ids
    assert store.outbox.depth(NOW - 9).oldest_age_us == 0, "a clock that was set back"


def test_candidates_of_one_transaction_can_be_erased_one_after_the_other(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised", "c-2"))
    _, cursor = store.feed("acme", None)
    for key in ("c-1", "c-2"):
        with store.transaction() as transaction:
            transaction.erase("acme", [key], NOW, now=NOW)
        assert store.feed("acme", cursor) == ([], cursor)


def test_an_erasure_of_whom_nothing_lives_on_forgets_later_events_too(store: Store) -> None:
    seen = [SeenEvent("acme", "s", f"e-{n}", "c-1", NOW + n, NOW) for n in (0, 1)]
    with store.transaction() as transaction:
        transaction.mark_seen(seen)
    erase(store)
    with store.transaction() as transaction:
        assert len(transaction.mark_seen(seen)) == 2


def test_what_an_erasure_returns_is_what_consumers_know_of(store: Store) -> None:
    assert store.erasures.latest() is None
    exchanges = (EVENTS, ADVICE, AGENDA, QUESTIONS)
    rows = [("acme", "c-1", Message(exchange, "k", b"{}", exchange)) for exchange in exchanges]
    with store.transaction() as transaction:
        transaction.enqueue_all(rows, now=NOW, leased_until=0)
    with store.transaction() as transaction:
        waiting = transaction.erase("acme", ["c-1"], NOW, now=NOW + 3)
    assert [row.exchange for row in waiting] == list(exchanges[1:])
    assert store.outbox.claim(NOW, NOW + 1, 9) == []
    assert store.erasures.latest() == NOW + 3


def test_many_identities_at_once_are_each_looked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"c-{number}" for number in range(5)]
    with store.transaction() as transaction:
        transaction.erase("acme", keys, NOW, now=NOW)
    names = [of_case(key) for key in keys]
    assert store.erasures.find("acme", []) == {}
    for limit in (1, 2, 5, 9):
        monkeypatch.setattr(erasures, "MAX_PARAMETERS", limit)
        assert store.erasures.find("acme", [*names, of_case("c-9")]) == dict.fromkeys(names, NOW)


def test_the_bytes_of_unsigned_webhooks_are_counted_whole(store: Store) -> None:
    """Those of a page of the log too, without a body; exactly as many as may stay do."""
    half = MAX_UNVERIFIED_BYTES // 2 - 13
    row = replace(ROW, problems=b"[1]", events=b"[2]", body=None, headers=b"x" * half, verified=False)
    for number, more in enumerate((0, 0, 0, 1)):
        store.deliveries.add(replace(row, id=f"d-{number}", received_at=NOW + number, shown=b"s" * (7 + more)), [])
        expected = {0: ["d-0"], 1: ["d-1", "d-0"], 2: ["d-2", "d-1"], 3: ["d-3"]}[number]
        assert [one.id for one in store.deliveries.page("acme")] == expected


def test_a_replay_changes_its_own_delivery_and_makes_none(store: Store) -> None:
    rows = [replace(ROW, id=f"d-{number}") for number in (1, 2)]
    for row in rows:
        store.deliveries.add(row, [EVENT])
    store.deliveries.record_replay(replace(rows[0], status="refused"), [EVENT])
    assert [(one.id, one.status) for one in store.deliveries.page("acme")] == [("d-2", "accepted"), ("d-1", "refused")]
    assert links(store) == 2
    store.deliveries.prune(NOW + 1, 9)
    store.deliveries.record_replay(rows[0], [EVENT])
    assert links(store) == 0


def test_an_erasure_meanwhile_keeps_the_place_of_a_reader_in_the_changes_that_were_pruned(store: Store) -> None:
    record(store, change_of("r-1", 1, "resolved"), change_of("r-2", 1, "raised", "c-2"))
    cursors = [row.cursor for row in store.feed("acme", None)[0]]
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-2"], NOW, now=NOW)
    assert store.retention.prune_feed(NOW + 1, (), 9).deleted == 1
    assert [store.feed("acme", cursor) for cursor in cursors] == [([], cursor) for cursor in cursors]


def test_the_position_of_a_feed_is_that_of_its_tenant(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised", tenant="globex"))
    found = store.feed_positions(["acme", "globex", "nobody"])
    assert sorted(found) == ["acme", "globex"]
    assert list(store.feed_positions(["acme"]).values()) == [found["acme"]]
    assert found["acme"] > 0
