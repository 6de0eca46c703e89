"""One tenant floods the advisor or the clock with work; another tenant's advice is hardly later than without."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest

from signpost.case.event import Event
from signpost.case.limits import MAX_ENTITIES
from signpost.engine.compiled import Answer, CompiledEngine
from signpost.facts.facts import Facts
from signpost.messaging import BULK, Consumer, Message, advisor_queues, event_message
from signpost.messaging.topology import ADVISOR
from signpost.schemas import dump_event
from signpost.storage import CaseRow
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.advisor import Advisor
from signpost.workers.clock import CaseClock
from signpost.workers.process import Stop
from signpost.workers.reevaluation import MAX_BATCH
from tests.support.long_suite import first_of
from tests.support.rulebooks import RULES
from tests.support.workers_kit import KINDS, System, event, system

FLOOD = 200
MAX_RATIO = 30
"""Before the advisor took turns, it was 60 to 110."""


class Counting(CompiledEngine):
    """The compiled engine; counts its evaluations by candidate."""

    evaluations: dict[str, int] = {}  # noqa: RUF012

    def answers(self, facts: Facts) -> list[Answer]:
        self.evaluations[facts.candidate.id] = self.evaluations.get(facts.candidate.id, 0) + 1
        return super().answers(facts)


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        made.engines = Engines(Counting, load_rulebooks(RULES))
        made.batch = 200
        Counting.evaluations.clear()
        yield made


def large_case(subject: str) -> list[Event]:
    """The offers that fill one case of the tenant flood."""
    return [
        event(
            "offer.extended", subject, id=f"{subject}.{number}", tenant="flood", offer=f"o{number}",
            employer={"id": f"e{number}"}, respond_by="2026-05-05T10:00:00Z", start_date="2026-06-01",
        )
        for number in range(MAX_ENTITIES["offer"])
    ]  # fmt: skip


def contacts(subject: str, first: int, count: int) -> list[Event]:
    return [
        event("contact.logged", subject, id=f"{subject}.k{number}", tenant="flood", at=1, offer=f"o{number % 30}",
              channel="email", by="employer")
        for number in range(first, first + count)
    ]  # fmt: skip


def quiet(number: int) -> Event:
    return event("offer.extended", f"q-{number}", tenant="quiet", offer="o")


def test_a_flood_on_one_case_is_evaluated_a_few_times(signpost: System) -> None:
    signpost.handle(*large_case("big"))
    Counting.evaluations.clear()
    signpost.handle(*contacts("big", 0, FLOOD), quiet(1))
    assert Counting.evaluations["big"] <= 20
    assert signpost.standing("big", "flood") == signpost.expected("big", "flood")
    assert signpost.standing("q-1", "quiet") == signpost.expected("q-1", "quiet")


def test_a_flood_that_rewrites_advice_writes_it_a_few_times(signpost: System) -> None:
    signpost.handle(*large_case("big"))
    signpost.published()

    def written(events: list[Event]) -> int:
        signpost.handle(*events)
        return sum(len(each.body) for each in signpost.published())

    def time_zones(first: int, count: int) -> list[Event]:
        zones = ("Asia/Tokyo", "Europe/Paris")
        numbers = range(first, first + count)
        return [
            event("candidate.preferences", "big", id=f"z{n}", tenant="flood", at=2 + n / 100, time_zone=zones[n % 2])
            for n in numbers
        ]

    once = written(time_zones(0, 1))
    assert once > 10_000, "one small event rewrites much"
    assert written(time_zones(1, FLOOD)) <= 10 * once


@contextmanager
def running(signpost: System) -> Iterator[Consumer]:
    """An advisor at work, and a consumer of the quiet tenant's advice."""
    stop = threading.Event()
    consumer, advice = signpost.broker.consumer(ADVISOR, 400), signpost.broker.subscribe("quiet.#")
    advisor = Advisor([consumer], signpost.handler(), signpost.outbox(), signpost.clock, signpost.batch)
    thread = threading.Thread(target=advisor.run, args=(stop,))
    thread.start()
    try:
        yield advice
    finally:
        stop.set()
        thread.join(60)
        consumer.close()
        advice.close()


def seconds_to_advice(signpost: System, advice: Consumer, number: int, flood: list[Event]) -> float:
    """Send a flood and one event of the quiet tenant after it. Returns the time until its first advice arrives."""
    started = time.monotonic()
    signpost.send(*flood, quiet(number))
    sent, deadline = time.monotonic(), started + 60
    while time.monotonic() < deadline:
        for each in advice.receive(100, 1):
            if orjson.loads(each.body)["subject"] == f"q-{number}":
                return time.monotonic() - sent
    raise AssertionError("no advice within 60 s")


@pytest.mark.parametrize("cases", first_of([1, 10], [1]))
def test_a_flood_of_one_tenant_hardly_delays_another(signpost: System, cases: int) -> None:
    names = [f"big-{number}" for number in range(cases)]
    for name in names:
        signpost.handle(*large_case(name))

    def flood(turn: int) -> list[Event]:
        return [each for name in names for each in contacts(name, turn * FLOOD, FLOOD // cases)]

    with running(signpost) as advice:
        seconds_to_advice(signpost, advice, 0, [])
        unloaded = max(seconds_to_advice(signpost, advice, number, []) for number in range(1, 6))
        loaded = min(seconds_to_advice(signpost, advice, 100 + turn, flood(turn)) for turn in range(2))
    assert loaded < MAX_RATIO * unloaded, f"{loaded:.3f} s instead of {unloaded:.3f} s"


def add_due(signpost: System, tenant: str, count: int, at: int) -> None:
    """Store cases of a tenant that are due from an instant on, one each microsecond."""
    rows = [CaseRow(tenant, f"{at}-{number}", next_change=at + number) for number in range(count)]
    with signpost.store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)


def count_due(signpost: System, tenant: str) -> int:
    return sum(row.next_change is not None for row in signpost.store.cases(tenant))


def test_many_due_cases_of_one_tenant_delay_another_by_no_batch(signpost: System) -> None:
    add_due(signpost, "flood", 3 * MAX_BATCH, signpost.now - 3000)
    add_due(signpost, "quiet", 1, signpost.now)
    clock = signpost.case_clock()
    assert clock.step() <= MAX_BATCH
    assert count_due(signpost, "quiet") == 0


def test_the_clock_pauses_only_when_nothing_is_due(signpost: System) -> None:
    add_due(signpost, "flood", 3 * MAX_BATCH, signpost.now - 3000)
    add_due(signpost, "quiet", 1, signpost.now)
    finish_without_a_pause(signpost.case_clock())
    assert count_due(signpost, "flood") == count_due(signpost, "quiet") == 0


def finish_without_a_pause(clock: CaseClock) -> None:
    """Let a clock work until it pauses for the first time, and stop it then."""

    class Paused(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return True

    clock.run(Paused())


def test_a_long_backlog_of_bulk_delays_no_other_tenant(signpost: System) -> None:
    backlog = 2_000
    signpost.send(*(bulk_message(each) for each in contacts("big", 0, backlog)), quiet(1))
    consumers = [signpost.broker.consumer(queue, 200) for queue in advisor_queues()]
    advisor = Advisor(consumers, signpost.handler(), signpost.outbox(), signpost.clock, signpost.batch)
    steps = 0
    while signpost.store.case("quiet", "q-1") is None:
        advisor.step(Stop(), 0.5)
        steps += 1
        assert steps < 5, "the quiet tenant waits for the backlog"
    assert signpost.broker.queue_depth(BULK) > backlog / 2
    for consumer in consumers:
        consumer.close()


def bulk_message(event: Event) -> Message:
    return event_message(dump_event(event), event, bulk=True)
