"""One batch in one transaction: what counts once, what becomes a dead letter, and what is published and counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, select

from signpost.case.event import Event
from signpost.errors import TransientError
from signpost.messaging import Delivery, Message
from signpost.messaging.message import ACCEPTED_AT, Outcome
from signpost.names import AGENDA, FEEDBACK
from signpost.storage import Usage
from signpost.storage.tables import cases, seen_events
from signpost.workers.batch_result import BatchResult, ReceivedEvent
from signpost.workers.batch_transaction import _engine_for
from signpost.workers.case_limits import NoRoom
from tests.support.batches import SECRET, changes, delivery, handle
from tests.support.workers_kit import HOUR, START, System, event, message, system


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        yield made


@pytest.fixture
def signpost(shared: System) -> System:
    shared.now = START + 10 * HOUR
    return shared


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
    assert handler.announce_rulebooks(signpost.now)
    assert signpost.now in {row.seen_at for row in signpost.store.rulebooks().values()}
    monkeypatch.setattr(signpost.store, "announce_rulebooks", away)
    assert not handler.announce_rulebooks(signpost.now + HOUR), "the health of the process shows it"


def test_an_event_that_would_begin_a_case_beyond_a_quota_waits_among_the_dead_letters(signpost: System) -> None:
    handle(signpost, event("offer.extended", "known", offer="o"))
    signpost.store.usage.replace({"acme": Usage(2, 0, 2, 0, signpost.now)})
    more = [event("offer.extended", who, at=1, offer="p") for who in ("known", "one-more")]
    result = handle(signpost, *more)
    signpost.store.usage.replace({})
    assert [one.outcome for one in result.settlements] == [Outcome.DONE, Outcome.DEAD]
    assert "2 cases of at most 2" in result.settlements[1].reason
    assert signpost.store.case("acme", "one-more") is None


def test_outgoing_rows_are_leased_to_the_advisor(signpost: System) -> None:
    signpost.store.outbox.delete([row.id for row in signpost.store.outbox.claim(START + 10**12, START + 10**12, 9999)])
    result = handle(signpost, event("offer.extended", "leased", offer="o"))
    assert result.outgoing
    lease_end = signpost.now + 30_000_000
    assert signpost.store.outbox.claim(lease_end - 1, lease_end, 999) == []
    rows = signpost.store.outbox.claim(lease_end, lease_end, 999)
    assert [row.id for row in rows] == [item.id for item in result.outgoing]
    for row, item in zip(rows, result.outgoing, strict=True):
        kept = Message(row.exchange, row.routing_key, row.body, row.message_id, row.headers, row.content_type)
        assert kept == item.message, "a relay would publish the same"


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
    result = signpost.handler().handle([delivery(first), delivery(second)], signpost.clock)
    assert [one.delivery.message_id for one in result.settlements] == [first.id]
    assert [one.message_id for one in result.deferred] == [second.id]
    assert signpost.store.case("acme", "then") is None or signpost.case("then").state == b""


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
    told = Counter((one["change"], one["rule"]) for one in changes(found) if "change" in one)
    assert found.evaluated.changes == told
    assert told


def test_the_agendas_that_a_batch_publishes_are_counted(signpost: System) -> None:
    """Those that have settled before the clock came to them."""
    handle(signpost, event("offer.extended", "settled", offer="o"))
    signpost.now += HOUR
    found = handle(signpost, event("contact.logged", "settled", at=1, offer="o"))
    told = [orjson.loads(one.message.body)["data"] for one in found.outgoing if one.message.exchange == AGENDA]
    assert told
    assert found.evaluated.published == Counter(one["audience"] for one in told)
    assert sum(found.evaluated.cards.values()) == sum(len(one["cards"]) for one in told)


def test_a_case_notes_since_when_its_rulebook_evaluates_it(signpost: System) -> None:
    since = signpost.now
    for at in range(2):
        handle(signpost, event("offer.extended", "since", at=at, offer=f"o{at}"))
        row = signpost.store.case("acme", "since")
        assert row is not None
        assert row.rulebook_since == since
        signpost.now += HOUR


def test_a_batch_tells_when_its_new_events_were_accepted(signpost: System) -> None:
    """For the age at which they take effect; a message of an earlier version does not say it."""
    one, other = (delivery(event("offer.extended", name, offer="o")) for name in ("c-1", "c-2"))
    dated = replace(one, headers={**one.headers, ACCEPTED_AT: START - 5})
    result = signpost.handler().handle([dated, other, dated], signpost.clock)
    assert (result.fresh, result.accepted_at) == (2, [START - 5])
