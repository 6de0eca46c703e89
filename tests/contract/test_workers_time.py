"""Time as workers see it: clocks of several hosts differ, jump, and are read before a lock is granted. Each case ends
with the advice of the real time, and no clock that is a little behind takes it back."""

import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from signpost.advice.advise import advise
from signpost.advice.records import active
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.names import AGENDA
from signpost.storage import CaseRow
from signpost.workers.clock import CaseClock
from signpost.workers.correction import MAX_PAUSE_US, MAX_SKEW_US
from signpost.workers.reevaluation import POSTPONE_US
from tests.support.workers_kit import ENGINES, START, System, event, open_system

JUMP = 2 * HOUR


@pytest.fixture(params=["postgresql", "sqlite"])
def signpost(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[System]:
    """Either database, with the embedded queue."""
    url: str = request.getfixturevalue("postgres_url") if request.param == "postgresql" else sqlite_url
    with open_system(url, sqlite_url) as made:
        made.now = START
        yield made


class Ticks(threading.Event):
    """A stop signal after some pauses of a worker, each as long as a test says."""

    def __init__(self, signpost: System, count: int, pause: int = SECOND // 10) -> None:
        super().__init__()
        self.signpost, self.left, self.pause = signpost, count, pause

    def wait(self, timeout: float | None = None) -> bool:
        self.signpost.now += self.pause
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


def offer(who: str, hours: float = 0) -> Event:
    """An offer some hours after START."""
    return event("offer.extended", who, at=hours, offer="o", employer={"id": "e", "name": "Acme"})


def turning_point(one: Event) -> int:
    """The first instant at which time alone changes which advice to the case of an event is active."""
    case, state, now = Case().fold(one), b"", one.time
    before: set[str] | None = None
    while True:
        result = advise(ENGINES.of("acme"), case, state, tenant="acme", key=one.subject, now=now)
        if before is not None and set(active(result.advice_state)) != before:
            return now
        before, state = set(active(result.advice_state)), result.advice_state
        assert result.next_change is not None
        now = result.next_change


def sequences(signpost: System) -> dict[str, list[int]]:
    """Recommendation -> the sequence numbers of its changes, in the order of the feed."""
    found: dict[str, list[int]] = {}
    for row in signpost.store.feed("acme", limit=10_000)[0]:
        found.setdefault(row.recommendation_id, []).append(row.sequence)
    return found


def evaluate_at(signpost: System, instant: int, worker: CaseClock) -> None:
    """Let a clock whose time is `instant` wake what is due."""
    before, signpost.now = signpost.now, instant
    worker.step()
    signpost.now = before


def test_an_event_that_waited_for_its_case_is_no_reason_to_take_it_back(
    signpost: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the advisor's look at the clock and the lock, a clock worker evaluates the case: nothing is resolved."""
    first = offer("c-1")
    due = turning_point(first)
    signpost.handle(first)
    signpost.now = due - 5 * SECOND
    waker = signpost.case_clock()

    def read_then_wait(self: System) -> int:
        now = self.now
        if now < due:
            self.now = due + SECOND
            waker.step()
            self.now += SECOND
        return now

    signpost.send(event("offer.updated", "c-1", at=0.2, offer="o", title="Engineer"))
    monkeypatch.setattr(System, "clock", read_then_wait)
    signpost.work(1)
    assert signpost.case("c-1").updated == due + 2 * SECOND
    assert signpost.standing("c-1") == signpost.expected("c-1")
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences(signpost).values())
    rules = [orjson.loads(row.body)["data"]["rule"] for row in signpost.store.feed("acme")[0] if row.change == "raised"]
    assert len(rules) == len(set(rules)), "no advice was raised twice"


def test_an_advisor_a_little_behind_the_clock_changes_nothing_back(signpost: System) -> None:
    first = offer("c-1")
    due = turning_point(first)
    signpost.handle(first)
    evaluate_at(signpost, due, signpost.case_clock())
    standing, before = signpost.standing("c-1"), set(sequences(signpost))
    signpost.now = due - 3 * SECOND
    signpost.handle(event("offer.updated", "c-1", at=0.2, offer="o", title="Engineer"))
    assert signpost.standing("c-1") == standing
    assert set(sequences(signpost)) == before, "no advice was raised again"
    assert signpost.case("c-1").updated == due
    signpost.now = due
    assert signpost.standing("c-1") == signpost.expected("c-1")


def test_cases_of_one_batch_are_each_evaluated_at_their_own_instant(signpost: System) -> None:
    signpost.handle(offer("ahead"), offer("present"))
    signpost.now = START + JUMP
    signpost.handle(offer("ahead", 0.1))
    signpost.now = START + MINUTE
    signpost.handle(offer("ahead", 0.2), offer("present", 0.2))
    assert signpost.case("present").updated == START + MINUTE
    assert signpost.case("ahead").updated == START + JUMP


def test_after_a_jump_forward_and_back_no_case_keeps_wrong_advice(signpost: System) -> None:
    firsts = [offer(f"c-{number}", -number) for number in range(40)]
    signpost.handle(*firsts)
    due = turning_point(firsts[0])
    signpost.now = due - JUMP - 10 * SECOND
    worker = signpost.case_clock()
    worker.run(Ticks(signpost, 3))
    signpost.now += JUMP + 20 * SECOND
    worker.run(Ticks(signpost, 3))
    signpost.handle(*(offer(f"c-{number}", number / 100) for number in range(20)))
    signpost.now -= JUMP + 20 * SECOND
    wrong = [key for number in range(40) if signpost.standing(key := f"c-{number}") != signpost.expected(key)]
    assert wrong, "the jump has done nothing"
    worker.run(Ticks(signpost, 5))
    assert [f"c-{n}" for n in range(40) if signpost.standing(f"c-{n}") != signpost.expected(f"c-{n}")] == []
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences(signpost).values())
    assert [n for n in range(40) if signpost.case(f"c-{n}").updated > signpost.now + MAX_SKEW_US] == []


def agendas(signpost: System) -> dict[str, list[str]]:
    """Candidate -> the titles on the cards of the latest published agenda of the candidate."""
    rows = [row for row in signpost.store.outbox.claim(START + DAY, START, 10_000) if row.exchange == AGENDA]
    sent = [each.body for each in signpost.published()] + [row.body for row in rows]
    bodies = [orjson.loads(body)["data"] for body in sent if b"agenda.changed" in body]
    latest: dict[str, Any] = {}
    for one in sorted(bodies, key=lambda one: one["sequence"]):
        if one["audience"] == "candidate":
            latest[one["candidate"]] = [card["title"] for card in one["cards"]]
    return latest


def test_an_agenda_that_was_published_ahead_does_not_hold_back_the_next(signpost: System) -> None:
    signpost.now = START + JUMP
    signpost.handle(offer("c-1"))
    signpost.case_clock().run(Ticks(signpost, 20, 10 * SECOND))
    signpost.now = START
    worker = signpost.case_clock()
    worker.run(Ticks(signpost, 5))
    signpost.handle(event("offer.declined", "c-1", at=0.01, offer="o"))
    worker.run(Ticks(signpost, 20, 10 * SECOND))
    assert signpost.now < START + HOUR
    row = signpost.case("c-1")
    assert b"since" not in (row.agendas or b""), "an agenda waits still"
    assert agendas(signpost)["c-1"] == []


def test_a_case_that_fails_is_not_looked_at_again_and_again(signpost: System) -> None:
    key = ("acme", "broken")
    with signpost.store.transaction() as tx:
        tx.lock_cases([key])
        tx.save_cases([CaseRow(*key, b'{"events": 7}', rulebook="v", updated=START + JUMP)])
    processor = signpost.processor()
    assert [processor.reevaluate(signpost.clock, 10)[0] for _ in range(3)] == [1, 0, 0]
    row = signpost.case("broken")
    assert (row.state, row.updated, row.next_change) == (b'{"events": 7}', START, START + POSTPONE_US)


def test_a_case_from_the_future_waits_for_nothing_but_its_lock(signpost: System) -> None:
    signpost.now = START + JUMP
    signpost.handle(offer("c-1"), offer("c-2"))
    signpost.now = START
    assert signpost.store.count_evaluated_after(START + MAX_SKEW_US, 10) == 2
    assert signpost.processor().reevaluate(signpost.clock, 1)[0] == 1
    assert signpost.processor().count_outdated(START) == 1
    signpost.now = START + JUMP - MAX_SKEW_US
    assert signpost.processor().reevaluate(signpost.clock, 9)[0] == 0, "so little may be a difference between hosts"
    signpost.now -= 1
    assert signpost.processor().reevaluate(signpost.clock, 9)[0] == 1


def test_two_clocks_that_disagree_do_not_flood_the_consumers(signpost: System) -> None:
    """One is two hours ahead and wakes a case again as soon as the other has corrected it."""
    first = offer("c-1")
    due = turning_point(first)
    signpost.handle(first)
    ahead, right = signpost.case_clock(), signpost.case_clock()
    minutes, begin = 5, due - JUMP + MINUTE
    for second in range(0, 60 * minutes, 4):
        signpost.now = begin + second * SECOND
        right.run(Ticks(signpost, 1))
        signpost.now = begin + second * SECOND + JUMP
        ahead.run(Ticks(signpost, 1))
    raised = [row.rule for row in signpost.store.recommendations("acme", "c-1") if row.at > begin]
    assert 2 <= max(raised.count(rule) for rule in raised) <= minutes * MINUTE // MAX_PAUSE_US + 5
    signpost.now += MAX_PAUSE_US - JUMP
    right.run(Ticks(signpost, 2))
    assert signpost.standing("c-1") == signpost.expected("c-1")
