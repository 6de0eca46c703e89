"""The backtest: equal rulebooks differ in nothing, and each change of a rule shows as the difference that it makes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from signpost.advice.caseload import Caseload
from signpost.advice.replay import Replay
from signpost.backtest import Comparison, History, backtest, histories_of, history_of_case
from signpost.backtest.spells import spells
from signpost.case import Case, Event
from signpost.case.instant import DAY
from signpost.engine import CompiledEngine
from signpost.rulebook import load
from tests.generators import START, random_event
from tests.rulebooks import RULES

RULEBOOK = load(RULES)


def random_histories(seed: int, people: int) -> list[History]:
    random = Random(seed)
    events = [random_event(random, number, f"c-{number % people}") for number in range(people * 7)]
    # an application that two people name would make them one
    alone = [
        replace(event, data=event.data | {"application": event.subject})
        for event in events
        if "application" in event.data
    ]
    return list(histories_of([*alone, *(event for event in events if "application" not in event.data)]))


def of_offer(type_: str, day: int, **data: object) -> Event:
    return Event("t", "test", f"e-{day}-{type_}", f"offer.{type_}", START + day * DAY, "c-1", {"offer": "acme", **data})


JOURNEY = [
    of_offer("extended", 0, employer={"id": "acme", "name": "Acme"}),
    of_offer("updated", 3, respond_by="2026-03-20T12:00:00Z"),
    of_offer("declined", 18),
]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return Path(copytree(RULES, tmp_path / "rules"))


def edit(folder: Path, topic: str, old: str, new: str) -> None:
    path = folder / f"{topic}.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def compare(other: Path, *events: Event) -> Comparison:
    return backtest(RULEBOOK, load(other), histories_of(events or JOURNEY), patience=30 * DAY)


def kinds(found: Comparison, rule: str) -> dict[str, int]:
    return dict(found.counts.get(rule, {}))


def test_a_rulebook_does_not_differ_from_itself(other: Path) -> None:
    found = backtest(RULEBOOK, load(other), random_histories(3, 40), patience=30 * DAY)
    assert found.cases == 40
    assert found.advice > 100
    assert found.counts == {}


def test_several_processes_find_what_one_finds(other: Path) -> None:
    edit(other, "before-accepting", "Never sign in a rush", "Take your time")
    histories = random_histories(4, 60)
    few, many = (backtest(RULEBOOK, load(other), histories, patience=DAY, jobs=jobs) for jobs in (1, 2))
    assert few == many
    assert few.counts["ask-response-deadline"].keys() == {"reworded"}


def test_a_longer_warning_begins_earlier_and_escalates_at_another_time(other: Path) -> None:
    edit(other, "before-accepting", "normal_before: 72h", "normal_before: 96h")
    edit(other, "before-accepting", "urgent_before: 24h", "urgent_before: 12h")
    found = compare(other)
    assert kinds(found, "respond-before-deadline").keys() >= {"earlier", "priority"}
    [earlier] = [one for one in found.examples if one.kind == "earlier"]
    assert (earlier.subject, earlier.detail) == ("offer/acme", "1d earlier")


def test_a_rule_taken_out_is_lost_and_a_new_one_added(other: Path) -> None:
    edit(other, "before-accepting", "ask-response-deadline:\n", "ask-about-time:\n")
    for topic in ("withdrawing", "several-offers"):
        path = other / f"{topic}.yaml"
        path.write_text(path.read_text("utf-8").replace("ask-response-deadline", "ask-about-time"), "utf-8")
    found = compare(other)
    assert kinds(found, "ask-response-deadline") == {"lost": 1}
    assert kinds(found, "ask-about-time") == {"added": 1}
    assert found.counts.keys() == {"ask-response-deadline", "ask-about-time"}


def test_another_end_and_another_due_are_told(other: Path) -> None:
    edit(other, "before-accepting", "  due: respond_by\n", "  due: urgent_before before respond_by\n")
    edit(
        other,
        "before-accepting",
        "valid_for: 7d\n  when:\n    stage: open\n    respond_by: passed",
        "valid_for: 5d\n  when:\n    stage: open\n    respond_by: passed",
    )
    journey = [event for event in JOURNEY if event.type != "offer.declined"]
    found = compare(other, *journey)
    assert "due" in kinds(found, "respond-before-deadline")
    assert kinds(found, "deadline-passed") == {"ends earlier": 1}


def test_applications_and_merged_candidates_are_one_person() -> None:
    linked = Event("t", "s", "1", "application.submitted", START, "c-2", {"application": "a1"})
    known = Event("t", "s", "2", "offer.extended", START, "application:a1", {"offer": "o"})
    merged = Event("t", "s", "3", "candidate.merged", START, "c-2", {"into": "c-9"})
    alone = Event("t", "s", "4", "offer.extended", START, "c-5", {"offer": "o"})
    assert [(one.key, len(one.said)) for one in histories_of([known, linked, merged, alone])] == [
        ("c-2", 3),
        ("c-5", 1),
    ]


def played(events: list[Event], until: int) -> Iterator[tuple[int, str, str]]:
    caseload = Caseload(CompiledEngine(RULEBOOK), "t", {})
    arrivals = [(event.time, event) for event in sorted(events, key=lambda event: (event.time, event.source, event.id))]
    for told in Replay(caseload, arrivals).until(until):
        if told.change.change == "raised":
            yield told.at, told.change.rule, told.change.subject


def test_spells_begin_when_the_workers_would_raise_them() -> None:
    for seed in range(30):
        random = Random(seed)
        events = [random_event(random, number) for number in range(8)]
        events = [event for event in events if not event.type.startswith("advice")]
        [history] = histories_of(events)
        found = spells(CompiledEngine(RULEBOOK), history, 30 * DAY)
        until = max(event.time for event in events) + 30 * DAY
        assert sorted((one.start, one.rule, one.subject) for one in found) == sorted(played(events, until))


def test_a_stored_case_replays_what_it_still_knows() -> None:
    """Where no statement was replaced, that is everything."""
    history = history_of_case("c-1", Case.from_json(Case().fold(*JOURNEY).to_json()))
    [recorded] = histories_of(JOURNEY)
    assert history == recorded
