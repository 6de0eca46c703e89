"""One batch in one transaction: an erasure in its middle, several tenants, and what is remembered of late events."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, select

from signpost.case.event import Event
from signpost.errors import TransientError
from signpost.messaging import Delivery
from signpost.messaging.message import Outcome
from signpost.names import FEEDBACK
from signpost.storage.tables import cases, metadata, seen_events
from signpost.workers.batch_result import BatchResult, ReceivedEvent
from signpost.workers.batch_transaction import _engine_for
from signpost.workers.case_limits import NoRoom
from tests.support.workers_kit import HOUR, START, System, event, message, system

SECRET = "Unspeakable Industries"


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        yield made


@pytest.fixture
def signpost(shared: System) -> System:
    shared.now = START + 10 * HOUR
    return shared


def delivery(one: Event) -> Delivery:
    sent = message(one)
    return Delivery(sent.body, {}, sent.routing_key, sent.message_id, sent.content_type, False, 0, None)


def handle(signpost: System, *events: Event) -> BatchResult:
    """Handle events in one transaction."""
    return signpost.handler().handle([delivery(one) for one in events], signpost.clock)


def changes(result: BatchResult) -> list[dict[str, Any]]:
    return [orjson.loads(item.message.body)["data"] for item in result.outgoing]


def latest(*results: BatchResult) -> dict[str, str]:
    """The last status of each recommendation that a consumer has received."""
    return {one["id"]: one["status"] for result in results for one in changes(result)}


def secrets_in(result: BatchResult) -> list[str]:
    return [one["rule"] for one in changes(result) if SECRET in str(one)]


def offer(who: str, at: float = 0, **data: Any) -> Event:
    return event("offer.extended", who, at=at, offer="o", employer={"id": "e", "name": SECRET}, **data)


def rows_with(signpost: System, text: str, *, besides: tuple[str, ...] = ()) -> set[str]:
    engine = create_engine(signpost.database_url)
    with engine.connect() as connection:
        found = {
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
            if text in (bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value))
        }
    engine.dispose()
    return found - set(besides)


def test_advice_raised_before_the_erasure_of_its_batch_is_not_published(signpost: System) -> None:
    result = handle(signpost, offer("raised"), event("candidate.erased", "raised", at=1))
    assert result.fresh == 2
    assert secrets_in(result) == []
    assert {one["status"] for one in changes(result)} <= {"resolved"}
    assert rows_with(signpost, SECRET) == set()
    assert signpost.store.case("acme", "raised") is None, "nothing but the fact of the erasure"


def test_consumers_learn_the_end_of_advice_that_ended_earlier_in_the_batch_of_the_erasure(signpost: System) -> None:
    first = handle(signpost, offer("ended"))
    assert secrets_in(first)
    second = handle(
        signpost, event("offer.declined", "ended", at=1, offer="o"), event("candidate.erased", "ended", at=2)
    )
    assert secrets_in(second) == []
    assert {status for status in latest(first, second).values() if status == "active"} == set()


def test_consumers_learn_the_end_of_advice_of_a_case_merged_in_the_batch_of_the_erasure(signpost: System) -> None:
    first = handle(signpost, offer("absorbed"))
    assert set(latest(first).values()) == {"active"}
    merged = event("candidate.merged", "absorbed", at=1, into="survivor")
    second = handle(signpost, merged, event("candidate.erased", "survivor", at=2))
    assert set(latest(first).keys()) <= set(latest(first, second).keys())
    assert set(latest(first, second).values()) == {"resolved"}
    assert secrets_in(second) == []
    assert rows_with(signpost, SECRET) == set()


def test_advice_after_the_erasure_is_published(signpost: System) -> None:
    result = handle(
        signpost, offer("again"), event("candidate.erased", "again", at=1), offer("again", at=2, title="New")
    )
    assert [one for one in changes(result) if one["change"] == "raised" and "New" in str(one)]
    assert signpost.standing("again")
    handle(signpost, event("candidate.erased", "again", at=3))


def test_further_events_after_the_erasure_of_their_batch_take_nothing_back(signpost: System) -> None:
    result = handle(
        signpost,
        event("candidate.erased", "goes-on", at=1),
        event("offer.extended", "goes-on", at=2, offer="o"),
        event("offer.extended", "goes-on", at=3, offer="p"),
    )
    raised = {one["subject"]["id"] for one in changes(result) if one["change"] == "raised"}
    assert raised >= {"o", "p"}


def test_an_erasure_takes_no_content_from_what_ends_at_another_tenant_in_its_batch(signpost: System) -> None:
    theirs = event("offer.extended", "twin", offer="theirs", employer={"id": "g", "name": "Globex"}, tenant="globex")
    first = handle(signpost, theirs)
    merged = event("candidate.merged", "twin", at=1, into="whole", tenant="globex")
    second = handle(signpost, merged, offer("twin"), event("candidate.erased", "twin", at=2))
    ended = [one for one in changes(second) if one["id"] in latest(first) and one["status"] == "resolved"]
    assert len(ended) == len(latest(first)) > 0
    assert any("Globex" in str(one) for one in ended)


def test_the_erasure_of_a_candidate_drops_nothing_of_another_tenants(signpost: System) -> None:
    """Two tenants may give one id to two people."""
    other = event("offer.extended", "same", offer="theirs", tenant="globex")
    result = handle(signpost, other, offer("same"), event("candidate.erased", "same", at=1))
    assert result.outgoing
    raised = {item.message.routing_key for item in result.outgoing if item.message.routing_key.endswith(".raised")}
    assert {key.partition(".")[0] for key in raised} == {"globex"}
    assert signpost.standing("same", "globex")
    assert signpost.standing("same") == {}


def test_the_erasure_of_a_candidate_drops_nothing_of_another_candidates(signpost: System) -> None:
    result = handle(signpost, event("offer.extended", "by", offer="x"), offer("erased"),
                    event("candidate.erased", "erased", at=1))  # fmt: skip
    assert {one["candidate"] for one in changes(result) if one["change"] == "raised"} == {"by"}


def test_nothing_of_a_late_event_is_remembered(signpost: System) -> None:
    handle(signpost, offer("late"), event("candidate.erased", "late", at=3))
    result = handle(signpost, replace(offer("late", at=2), id="late-secret-id"))
    assert (result.refused, result.fresh, result.repeated) == (1, 0, 0)
    assert [one.outcome for one in result.settlements] == [Outcome.DONE]
    assert rows_with(signpost, "late-secret-id") == set()
    assert signpost.store.case("acme", "late") is None


@pytest.mark.parametrize(("at", "counts"), [(3, False), (3 + 1 / 3_600_000_000, True)])
def test_an_event_of_the_instant_of_the_erasure_is_covered_and_the_next_is_not(
    signpost: System, at: float, counts: bool
) -> None:
    who = f"edge-{counts}"
    handle(signpost, offer(who), event("candidate.erased", who, at=3))
    result = handle(signpost, event("offer.extended", who, at=at, offer="second"))
    assert (result.fresh, result.refused) == ((1, 0) if counts else (0, 1))
    assert bool(signpost.standing(who)) is counts


def test_an_erasure_covers_the_events_after_it_in_its_own_batch(signpost: System) -> None:
    result = handle(signpost, event("candidate.erased", "own", at=3), offer("own", at=2))
    assert (result.fresh, result.refused) == (1, 1)
    assert rows_with(signpost, SECRET) == set()


def test_seen_rows_stand_under_the_case_that_the_event_went_to(signpost: System) -> None:
    """So that an erasure finds them."""
    handle(signpost, event("application.submitted", "owner", application="moved"))
    handle(signpost, event("offer.extended", "application:moved", at=1, offer="o", id="of-the-application"))
    engine = create_engine(signpost.database_url)
    with engine.connect() as connection:
        query = select(seen_events.c.case_key).where(seen_events.c.id == "of-the-application")
        assert connection.scalars(query).all() == ["owner"]
    engine.dispose()


def test_an_event_twice_in_a_batch_counts_once(signpost: System) -> None:
    one = event("offer.extended", "twice", offer="o")
    result = handle(signpost, one, one)
    assert (result.fresh, result.repeated) == (1, 1)
    assert len(result.settlements) == 2
    again = handle(signpost, one)
    assert (again.fresh, again.repeated, again.outgoing) == (0, 1, [])


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event about the candidate `poison` fails."""
    from signpost.advice import case_set

    apply = case_set.CaseSet.apply

    def fail(self: case_set.CaseSet, one: Event, now: int) -> Any:
        if one.subject == "poison":
            raise ValueError(SECRET)
        return apply(self, one, now)

    monkeypatch.setattr(case_set.CaseSet, "apply", fail)


@pytest.mark.usefixtures("poison")
def test_of_two_events_the_poisonous_one_fails(signpost: System) -> None:
    result = handle(signpost, event("offer.extended", "p-0", offer="o"), event("offer.extended", "poison", offer="o"))
    assert [one.outcome for one in result.settlements] == [Outcome.DONE, Outcome.DEAD]


@pytest.mark.usefixtures("poison")
def test_a_poisonous_event_is_alone_in_its_fate(signpost: System) -> None:
    events = [event("offer.extended", who, offer="o") for who in ("p-1", "p-2", "poison", "p-3", "p-4")]
    result = handle(signpost, *events)
    outcomes = {one.delivery.message_id: one.outcome for one in result.settlements}
    assert outcomes == {one.id: Outcome.DEAD if one.subject == "poison" else Outcome.DONE for one in events}
    assert (result.fresh, result.dead) == (4, 1)
    (dead,) = [one for one in result.settlements if one.outcome is Outcome.DEAD]
    assert "ValueError" in dead.reason
    assert SECRET not in dead.reason
    assert all(signpost.standing(f"p-{number}") for number in (1, 2, 3, 4))
    engine = create_engine(signpost.database_url)
    with engine.connect() as connection:
        assert connection.execute(select(cases).where(cases.c.key == "poison")).all() == []
        assert connection.execute(select(seen_events).where(seen_events.c.case_key == "poison")).all() == []
    engine.dispose()


def test_a_passing_fault_makes_no_dead_letter(signpost: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise TransientError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr("signpost.workers.batch_transaction.record", away)
        with pytest.raises(TransientError):
            handle(signpost, event("offer.extended", "passing", offer="o"))
    assert handle(signpost, event("offer.extended", "passing", offer="o")).fresh == 1, (
        "the failed attempt has left nothing"
    )


def test_the_idle_announcement_survives_a_database_that_is_away(
    signpost: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise TransientError("the database is away")

    handler = signpost.handler()
    handler.announce_rulebooks(signpost.now)
    assert signpost.now in {row.seen_at for row in signpost.store.rulebooks().values()}
    monkeypatch.setattr(signpost.store, "announce_rulebooks", away)
    handler.announce_rulebooks(signpost.now + HOUR)


def test_outgoing_rows_are_leased_to_the_advisor(signpost: System) -> None:
    signpost.store.outbox.delete([row.id for row in signpost.store.outbox.claim(START + 10**12, START + 10**12, 9999)])
    result = handle(signpost, event("offer.extended", "leased", offer="o"))
    assert result.outgoing
    lease_end = signpost.now + 30_000_000
    assert signpost.store.outbox.claim(lease_end - 1, lease_end, 999) == []
    rows = signpost.store.outbox.claim(lease_end, lease_end, 999)
    assert [row.id for row in rows] == [item.id for item in result.outgoing]


def raw(body: bytes, exchange: str = "", attempts: int = 0) -> Delivery:
    return Delivery(body, {}, "0.acme.offer.extended", "m", "", False, attempts, None, exchange)


def test_a_message_that_is_no_event_is_a_dead_letter_and_the_others_count(signpost: System) -> None:
    good = event("offer.extended", "beside", offer="o")
    for body in (b"not JSON", b"{}", b'{"specversion": "1.0"}', b"\xff"):
        result = signpost.handler().handle([raw(body)], signpost.clock)
        assert [one.outcome for one in result.settlements] == [Outcome.DEAD]
        assert result.settlements[0].reason.startswith("not an event: ")
    mixed = signpost.handler().handle([raw(b"{}"), delivery(good)], signpost.clock)
    assert sorted(one.outcome.value for one in mixed.settlements) == ["dead", "done"]
    assert (mixed.dead, mixed.fresh) == (1, 1)
    assert signpost.handler().handle([], signpost.clock) == BatchResult()


def test_the_log_of_a_dead_letter_quotes_nothing_of_its_content(
    signpost: System, caplog: pytest.LogCaptureFixture
) -> None:
    result = signpost.handler().handle([raw(b'{"specversion": "1.0", "%s": 1}' % SECRET.encode())], signpost.clock)
    assert SECRET in result.settlements[0].reason
    assert "message m moved to the dead letters: not an event" in caplog.text
    assert SECRET not in caplog.text


def test_only_feedback_may_come_over_the_exchange_for_feedback(signpost: System) -> None:
    one = message(event("offer.extended", "smuggled", offer="o"))
    result = signpost.handler().handle([raw(one.body, FEEDBACK)], signpost.clock)
    assert [one.outcome for one in result.settlements] == [Outcome.DEAD]
    assert "offer.extended is not feedback" in result.settlements[0].reason
    assert signpost.store.case("acme", "smuggled") is None


def test_feedback_on_advice_that_does_not_exist_is_a_dead_letter_and_the_others_count(signpost: System) -> None:
    first = handle(signpost, event("offer.extended", "answers", offer="o"))
    name = changes(first)[0]["id"]
    good = event("advice.dismissed", "anybody", at=1, id="f-1", recommendation=name)
    bad = event("advice.dismissed", "answers", at=1, id="f-2", recommendation="rec_none")
    sent = [raw(message(one).body, FEEDBACK) for one in (good, bad)]
    result = signpost.handler().handle(sent, signpost.clock)
    assert {one.delivery.body: one.outcome for one in result.settlements} == {
        sent[0].body: Outcome.DONE,
        sent[1].body: Outcome.DEAD,
    }
    (reason,) = [one.reason for one in result.settlements if one.outcome is Outcome.DEAD]
    assert reason == "feedback refused: the tenant has no recommendation with this id"
    assert [(one["id"], one["change"]) for one in changes(result)] == [(name, "dismissed")]
    assert signpost.store.case("acme", "anybody") is None, "the case is that of the recommendation"


def test_a_case_without_room_keeps_what_it_has_and_the_event_can_be_sent_again(
    signpost: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle(signpost, event("offer.extended", "full", offer="o-1"))
    with monkeypatch.context() as patched:
        patched.setattr("signpost.case.limits.MAX_ENTITIES", {"offer": 1})
        late, fits = (
            event("offer.extended", "full", at=1, offer="o-2"),
            event("offer.updated", "full", at=1, offer="o-1"),
        )
        result = handle(signpost, late, fits)
    outcomes = {one.delivery.message_id: one.outcome for one in result.settlements}
    assert outcomes == {late.id: Outcome.DEAD, fits.id: Outcome.DONE}
    assert (result.fresh, result.dead, len(result.settlements)) == (1, 1, 2)
    (dead,) = [one for one in result.settlements if one.outcome is Outcome.DEAD]
    assert "fault" not in dead.reason
    assert "o-2" not in str(signpost.standing("full"))
    assert handle(signpost, late).fresh == 1, "it does not count as seen"


def test_an_event_beyond_the_quota_leaves_no_row_of_its_tenant(
    signpost: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(case_set: Any, one: Event, _excess: Any) -> None:
        if one.tenant in ("greedy", "stingy"):
            raise NoRoom("the tenant is full")

    monkeypatch.setattr("signpost.workers.batch_transaction.check_quota", refuse)
    both = [event("offer.extended", "new", offer="o", tenant=tenant) for tenant in ("greedy", "modest")]
    with signpost.store.transaction() as tx:
        tx.lock_cases([("greedy", "locked-elsewhere")])
    others = [event("offer.extended", "locked-elsewhere", offer="o", tenant=tenant) for tenant in ("modest", "stingy")]
    result = handle(signpost, *both, *others)
    assert signpost.store.case("greedy", "locked-elsewhere") is not None, "only rows that it has locked"
    assert {one.delivery.body: one.outcome for one in result.settlements} == {
        message(both[0]).body: Outcome.DEAD,
        message(both[1]).body: Outcome.DONE,
        message(others[0]).body: Outcome.DONE,
        message(others[1]).body: Outcome.DEAD,
    }
    assert result.settlements[0].reason == "the tenant is full"
    assert signpost.store.case("greedy", "new") is None
    assert signpost.standing("new", "modest")


def test_what_is_raised_and_resolved_within_a_batch_is_not_published(signpost: System) -> None:
    result = handle(
        signpost, event("offer.extended", "once", offer="o"), event("offer.declined", "once", at=1, offer="o")
    )
    emitted = [one["rule"] for one in changes(result) if one["rule"] == "ask-response-deadline"]
    assert emitted == [], "raised and resolved within the batch"
    again = handle(signpost, event("offer.extended", "once", at=2, offer="p"))
    assert "ask-response-deadline@offer/p" in signpost.standing("once")
    assert again.outgoing


def test_each_case_of_a_batch_is_evaluated_once_and_its_changes_do_not_depend_on_the_batch(signpost: System) -> None:
    events = [
        event("offer.extended", "c", offer="o", employer={"id": "e"}),
        event("offer.updated", "c", at=1, offer="o", respond_by="2026-04-01T12:00:00Z"),
        event("offer.accepted", "c", at=2, offer="o", by="verbal"),
        event("offer.extended", "d", offer="o"),
    ]
    result = handle(signpost, *(replace(one, subject=f"{one.subject}-batch") for one in events))
    assert sum(result.evaluated.evaluations.values()) == 2
    for one in events:
        handle(signpost, replace(one, id=f"{one.id}-alone", subject=f"{one.subject}-alone"))
    for name in ("c", "d"):
        together, alone = ([*signpost.standing(f"{name}-{how}")] for how in ("batch", "alone"))
        assert [one.replace("-batch", "-alone") for one in together] == alone


def test_an_event_for_which_the_batch_has_no_room_is_left_for_the_next(
    signpost: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signpost.workers.workload.MAX_BATCH_WORK", 1)
    first, second = (event("offer.extended", who, offer="o") for who in ("now", "then"))
    result = handle(signpost, first, second)
    assert [one.delivery.message_id for one in result.settlements] == [first.id]
    assert [one.message_id for one in result.deferred] == [second.id]
    assert signpost.store.case("acme", "then") is None or signpost.case("then").state == b""


def test_a_link_to_an_erased_candidate_counts_once_and_forgets_the_application(signpost: System) -> None:
    """It was learned late; what it names is the erased candidate's too."""
    handle(signpost, offer("application:found"), event("candidate.erased", "lost", at=3))
    link = event("application.submitted", "lost", at=1, application="found")
    assert handle(signpost, link).refused == 0
    assert rows_with(signpost, SECRET) == set()
    assert handle(signpost, link).refused == 1, "an erased event does not come back"
    late = event("offer.extended", "application:found", at=2, offer="o", title=SECRET)
    assert handle(signpost, late).refused == 1


def test_an_application_that_moved_to_a_living_candidate_is_not_covered_by_the_old_erasure(signpost: System) -> None:
    handle(signpost, event("application.submitted", "first", application="moves"))
    handle(signpost, event("candidate.erased", "first", at=3))
    moved = event("application.submitted", "second", at=4, application="moves")
    about_it = replace(event("offer.extended", "application:moves", at=5, offer="new"), dated=False)
    result = handle(signpost, moved, about_it)
    assert (result.fresh, result.refused) == (2, 0)
    assert "offer/new" in str(signpost.standing("second"))


def test_who_gets_the_application_of_an_erased_candidate_keeps_what_is_older_than_the_erasure(signpost: System) -> None:
    handle(signpost, offer("heir"), event("application.submitted", "former", application="handed-on"))
    handle(signpost, event("candidate.erased", "former", at=3))
    assert handle(signpost, event("application.submitted", "heir", at=4, application="handed-on")).fresh == 1
    assert "offer/o" in str(signpost.standing("heir"))
    handle(signpost, event("candidate.erased", "heir", at=5))


def test_an_application_without_a_living_candidate_stays_covered(signpost: System) -> None:
    handle(signpost, event("application.submitted", "owner-1", application="stays"))
    handle(signpost, event("candidate.erased", "owner-1", at=3))
    about_it = replace(event("offer.extended", "application:stays", at=5, offer="new", title=SECRET), dated=False)
    assert handle(signpost, about_it).refused == 1
    assert rows_with(signpost, SECRET) == set()


def test_erasures_of_two_tenants_in_one_batch_stay_apart(signpost: System) -> None:
    kept = event("offer.extended", "pair", at=2, offer="o", tenant="globex")
    result = handle(signpost, event("candidate.erased", "pair", at=3), kept, offer("pair", at=2))
    assert (result.fresh, result.refused) == (2, 1)
    assert signpost.standing("pair", "globex")
    later = handle(signpost, event("offer.updated", "pair", at=1, offer="o", tenant="globex", title="T"))
    assert later.fresh == 1
    assert handle(signpost, replace(offer("pair", at=1), id="other")).refused == 1


def test_after_an_erasure_only_the_statements_since_are_in_the_case(signpost: System) -> None:
    handle(signpost, offer("since"), event("offer.extended", "since", at=5, offer="later", application="app-later"))
    handle(signpost, event("candidate.erased", "since", at=3))
    assert rows_with(signpost, SECRET) == set()
    assert "offer/later" in str(signpost.standing("since"))
    follow_up = event("offer.updated", "application:app-later", at=6, offer="later", title="Chief")
    assert handle(signpost, follow_up).fresh == 1
    assert "Chief" in signpost.case("since").state.decode()


def suspects(*attempts: int) -> list[ReceivedEvent]:
    one = event("offer.extended", "suspect", offer="o")
    return [ReceivedEvent(replace(delivery(one), attempts=count), one) for count in attempts]


@pytest.mark.parametrize(("attempts", "alone"), [((3,), True), ((2,), False), ((3, 2), False), ((4, 3), True)])
def test_what_may_have_ended_the_process_is_tried_without_the_library(attempts: tuple[int, ...], alone: bool) -> None:
    class Risky:
        compiled = "compiled"

    engine: Any = Risky()
    assert _engine_for(suspects(*attempts), engine) is (engine.compiled if alone else engine)


def test_each_evaluation_is_counted_once(signpost: System) -> None:
    events = [event("offer.extended", f"counted-{case}", at=at, offer=f"o{at}") for case in range(2) for at in range(2)]
    found = handle(signpost, *events)
    assert list(found.evaluated.evaluations.values()) == [2], "one for each case"


def test_advice_of_a_candidate_whose_erasure_is_known_to_no_row_has_other_ids(signpost: System) -> None:
    first = handle(signpost, offer("forgotten"))
    handle(signpost, event("candidate.erased", "forgotten", at=1))
    assert signpost.store.case("acme", "forgotten") is None
    again = handle(signpost, offer("forgotten", at=2))
    raised = [{one["id"] for one in changes(each) if one["change"] == "raised"} for each in (first, again)]
    assert all(raised)
    assert raised[0].isdisjoint(raised[1])


def test_a_case_notes_since_when_its_rulebook_evaluates_it(signpost: System) -> None:
    since = signpost.now
    for at in range(2):
        handle(signpost, event("offer.extended", "since", at=at, offer=f"o{at}"))
        row = signpost.store.case("acme", "since")
        assert row is not None
        assert row.rulebook_since == since
        signpost.now += HOUR


def test_a_late_event_of_before_an_erasure_leaves_no_trace(signpost: System) -> None:
    handle(signpost, offer("traceless"), event("candidate.erased", "traceless", at=1))
    late = replace(offer("traceless", at=0.5), id="a-late-event")
    assert handle(signpost, late).refused == 1
    assert rows_with(signpost, "a-late-event") == set()


def test_a_merge_ends_the_advice_of_the_absorbed_case_for_its_consumers(signpost: System) -> None:
    first = handle(signpost, offer("joins"))
    second = handle(signpost, event("candidate.merged", "joins", at=1, into="joined"))
    assert set(latest(first).values()) == {"active"}
    ends = {one["id"]: (one["change"], one["status"]) for one in changes(second) if one["id"] in latest(first)}
    assert ends.keys() == latest(first).keys()
    assert set(ends.values()) == {("resolved", "resolved")}
