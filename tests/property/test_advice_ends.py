"""Every rule ends by time alone, and no two pieces of advice that exclude each other are active at one time.

SIGNPOST_TEST_CASES=20000 runs the long form."""

from collections.abc import Iterator, Mapping
from itertools import permutations
from random import Random

from signpost.advice.advise import advise
from signpost.advice.records import AdviceRecord, load_records
from signpost.authoring.timelines.reader import find_timelines
from signpost.case import Case
from signpost.case.instant import DAY
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.rulebook import Rulebook
from signpost.rulebook.typed_rule import Reach
from tests.support.generators import random_events, random_now
from tests.support.long_suite import number_of, some
from tests.support.oracle import Oracle
from tests.support.rulebooks import RULES, shipped, shipped_engine

CASES = number_of(250)
RULEBOOK = shipped()
ENGINE = shipped_engine()


def advice_at(case: Case, now: int) -> Mapping[str, AdviceRecord]:
    return load_records(advise(ENGINE, case, b"", tenant="t", key="c-1", now=now).advice_state)


def excluding(rulebook: Rulebook, facts: Facts, records: Mapping[str, AdviceRecord]) -> Iterator[tuple[str, str]]:
    """Pairs of active advice of which one act excludes the other, by the table and the employers of their subjects."""
    active = [record for record in records.values() if record.state == "active"]
    for one, other in permutations(active, 2):
        first, second = (rulebook.rules[record.rule] for record in (one, other))
        assert first.act is not None
        assert second.act is not None
        if first.audience == second.audience == "candidate":
            for reach, name in first.act.replaces:
                if name == second.act.name and reaches(reach, one, other, facts):
                    yield one.key, other.key


def reaches(reach: Reach, one: AdviceRecord, other: AdviceRecord, facts: Facts) -> bool:
    is_same = (one.kind, one.subject) == (other.kind, other.subject)
    mine, theirs = (employer_of(record, facts) for record in (one, other))
    return {
        Reach.SAME_SUBJECT: is_same,
        Reach.OTHER_SUBJECT: not is_same,
        Reach.SAME_EMPLOYER: is_same or (mine is not None and mine == theirs),
        Reach.OTHER_EMPLOYER: mine is not None and theirs is not None and mine != theirs,
        Reach.ANYWHERE: True,
    }[reach]


def employer_of(record: AdviceRecord, facts: Facts) -> str | None:
    found: list[Entity] = [item for item in facts.of_kind(record.kind) if item.id == record.subject]
    return found[0].values.get("employer")


def check(case: Case, now: int) -> tuple[int, int]:
    """Assert that no active advice excludes other; return how many are active, and how many were replaced."""
    facts, records = facts_of(case, "c-1", RULEBOOK.vocabulary), advice_at(case, now)
    assert list(excluding(RULEBOOK, facts, records)) == []
    replaced = [record for record in records.values() if record.state in ("suppressed", "superseded")]
    assert all(record.by in {*records} - {record.key} for record in replaced)
    return sum(record.state == "active" for record in records.values()), len(replaced)


def test_no_two_active_recommendations_exclude_each_other() -> None:
    random, active, replaced = Random(41), 0, 0
    for _ in range(CASES):
        case = Case().fold(*random_events(random, 12))
        counts = check(case, random_now(random))
        active, replaced = active + counts[0], replaced + counts[1]
    assert active > 3 * CASES
    assert replaced > CASES / 10


def test_no_two_exclude_each_other_on_any_timeline() -> None:
    for timeline in some(find_timelines([RULES]), 16):
        events = [arrival.event for arrival in timeline.arrivals if not arrival.event.type.startswith("candidate.m")]
        for expectation in timeline.expectations:
            check(Case().fold(*(event for event in events if event.time <= expectation.at)), expectation.at)


def test_every_answer_ends() -> None:
    random, seen = Random(43), 0
    for _ in range(CASES):
        events = random_events(random)
        facts = facts_of(Case().fold(*events), "c-1", RULEBOOK.vocabulary)
        for answer in ENGINE.answers(facts):
            assert answer.rule.lasting is not None or len(answer.intervals) % 2 == 0, answer.key
            seen += 1
    assert seen > CASES


def test_a_year_after_the_last_event_nothing_is_advised_and_the_oracle_agrees() -> None:
    random = Random(47)
    for _ in range(CASES // 10):
        events = random_events(random)
        now = max(event.time for event in events) + 365 * DAY
        facts = facts_of(Case().fold(*events), "c-1", RULEBOOK.vocabulary)
        assert not any(answer.holds(now) for answer in ENGINE.answers(facts))
        for rule in RULEBOOK.rules.values():
            assert not any(Oracle(rule, subject, facts, now).holds() for subject in facts.of_kind(rule.about))
