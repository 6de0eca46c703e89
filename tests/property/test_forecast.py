"""The forecast is what the replay of virtual time emits, on every timeline and on random cases, from any instant.

SIGNPOST_TEST_CASES=2000 runs the long form."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.forecast import (
    DEFAULT_HORIZON_US,
    MAX_HORIZON_US,
    ChangeFilter,
    ForecastItem,
    Position,
    forecast,
    forecast_page,
    parse_position,
)
from signpost.advice.records import load_records
from signpost.advice.replay import Replay, ReplayedChange
from signpost.authoring.timelines.reader import Timeline, find_timelines
from signpost.authoring.timelines.runner import Run, load_variants, params_key
from signpost.case import Case
from signpost.case.event import Event
from signpost.case.instant import DAY, HOUR
from signpost.engine import CompiledEngine
from tests.property.test_advice_barrier import unseen
from tests.support.generators import random_event, random_events
from tests.support.long_suite import number_of, some
from tests.support.rulebooks import RULES, shipped_engine

CASES = number_of(50)
ENGINE = shipped_engine()


def stored(case: LoadedCase) -> LoadedCase:
    """The case as it is read from the database."""
    return LoadedCase(case.key, Case.from_json(case.case.to_json()), case.advice_state)


def without_order(changes: Iterable[ReplayedChange]) -> list[tuple[int, str, int, object]]:
    """The changes whole; at one instant the forecast has another order."""
    return sorted(
        ((one.at, one.change.id, one.change.sequence, one.change) for one in changes), key=lambda found: found[:3]
    )


def check(case_set: CaseSet, now: int, until: int) -> int:
    """Assert that each case changes as its forecast says, and return how often. Wakes the cases through that time."""
    whole = {
        key: list(forecast(case_set.engine, case_set.tenant, stored(case), now, until))
        for key, case in case_set.cases.items()
        if case.merged_into is None
    }
    replayed = list(Replay(case_set, ()).until(until))
    for key, found in whole.items():
        assert [one.at for one in found] == sorted(one.at for one in found)
        assert without_order(found) == without_order(one for one in replayed if one.case == key)
    assert sum(map(len, whole.values())) == len(replayed)
    return len(replayed)


def after_last_event(timeline: Timeline, engine: CompiledEngine) -> tuple[CaseSet, int]:
    run, last = Run(timeline, engine), max(arrival.at for arrival in timeline.arrivals)
    arrivals = [(arrival.at, arrival.event) for arrival in timeline.arrivals]
    for _ in Replay(run.case_set, arrivals, run._resolve_recommendation).until(last):
        pass
    return run.case_set, last


def test_after_the_last_event_of_every_timeline() -> None:
    changes, timelines = 0, some(find_timelines([RULES]), 12)
    engines = {params: CompiledEngine(rulebook) for params, rulebook in load_variants(RULES, timelines).items()}
    for timeline in timelines:
        case_set, last = after_last_event(timeline, engines[params_key(timeline)])
        changes += check(case_set, last, last + MAX_HORIZON_US)
    assert changes > len(timelines) > 20


def random_case(random: Random) -> tuple[CaseSet, int]:
    """Cases after random events and answers, and the instant of the last."""
    case_set = CaseSet(ENGINE, "acme", {})
    events = sorted(random_events(random), key=lambda event: (event.time, event.id))
    replay = Replay(case_set, [(event.time, event) for event in events])
    emitted = [one.change.id for one in replay.until(events[-1].time)]
    now = events[-1].time + random.choice([0, 1, HOUR])
    list(replay.until(now))
    for number, id in enumerate(random.sample(emitted, min(len(emitted), 3))):
        answer = random_event(random, 100 + number)
        while not answer.type.startswith("advice."):
            answer = random_event(random, 100 + number)
        case_set.handle(replace(answer, time=now, data=answer.data | {"recommendation": id}), now)
    return case_set, now


def test_of_random_cases_from_any_instant() -> None:
    random, changes, snoozed = Random(61), 0, 0
    for _ in range(CASES):
        case_set, now = random_case(random)
        records = [record for one in case_set.cases.values() for record in load_records(one.advice_state).values()]
        snoozed += sum(record.state == "snoozed" for record in records)
        start = now + random.randint(0, 20 * DAY)
        changes += check(case_set, now, start)
        changes += check(case_set, start, start + MAX_HORIZON_US)
    assert changes > CASES
    assert snoozed > CASES / 20


def paged(case: LoadedCase, now: int, limit: int) -> Iterator[list[ForecastItem]]:
    """The pages of a forecast."""
    after: Position | None = None
    while True:
        page = forecast_page(ENGINE, "acme", stored(case), now, now + MAX_HORIZON_US, after=after, limit=limit)
        yield page["items"]
        if page["next"] is None:
            return
        after = parse_position(page["next"])


def test_pages_are_the_whole() -> None:
    random, pages = Random(67), 0
    for _ in range(CASES // 10):
        case_set, now = random_case(random)
        for case in case_set.cases.values():
            found = list(paged(case, now, 3))
            [whole] = paged(case, now, 10_000)
            assert [item for page in found for item in page] == whole
            assert all(len(page) == 3 for page in found[:-1])
            pages += len(found)
    assert pages > CASES / 10


def of_employers(events: list[Event], now: int) -> list[object]:
    case = LoadedCase("c-1", Case().fold(*events))
    page = forecast_page(
        ENGINE, "acme", case, now, now + DEFAULT_HORIZON_US, chosen=ChangeFilter("employer"), limit=10_000
    )
    return [item for item in page["items"] if not item["subject"]["id"].startswith("z-")]


def test_an_employers_forecast_does_not_depend_on_what_it_cannot_know() -> None:
    random, seen = Random(71), 0
    for _ in range(CASES):
        events = random_events(random)
        hidden = [unseen(random, number) for number in range(random.randint(1, 6))]
        now = max(event.time for event in events)
        before = of_employers(events, now)
        assert of_employers([*events, *hidden], now) == before
        seen += len(before)
    assert seen > CASES / 10
