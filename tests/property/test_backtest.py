"""The backtest: equal rulebooks differ in nothing, and each change of a rule shows as the difference that it makes."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import pytest

from signpost.advice.case_set import CaseSet
from signpost.advice.replay import Replay
from signpost.authoring.backtest import Comparison, History, backtest, histories_of, history_of_case, moments
from signpost.authoring.backtest.differences import differences
from signpost.authoring.backtest.episodes import Episode, episodes
from signpost.case import Case, Event
from signpost.case.instant import DAY
from signpost.rulebook import load
from tests.support.generators import START, random_event
from tests.support.long_suite import number_of
from tests.support.rulebooks import RULES, shipped, shipped_engine

RULEBOOK = shipped()


def random_histories(seed: int, people: int) -> list[History]:
    random = Random(seed)
    return list(histories_of(random_event(random, number, f"c-{number % people}") for number in range(people * 7)))


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
    number = number_of(20)
    found = backtest(RULEBOOK, load(other), random_histories(3, number), patience=30 * DAY)
    assert found.cases == number
    assert found.advice > 5 * number
    assert found.counts == {}


@pytest.mark.long
def test_several_processes_find_what_one_finds(other: Path) -> None:
    edit(other, "before-accepting", "Never sign in a rush", "Take your time")
    histories = random_histories(4, 12)
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


def test_a_rule_taken_out_is_lost_wherever_it_was_advised(other: Path) -> None:
    """And nothing else differs; the other way round, it is added as often."""
    path = other / "before-accepting.yaml"
    text = path.read_text("utf-8")
    start = text.index("\nthank-for-offer:") + 1
    path.write_text(text[:start] + text[text.index("\nask-response-deadline:") + 1 :], "utf-8")
    less, histories = load(other), random_histories(5, 10)
    found = backtest(RULEBOOK, less, histories, patience=30 * DAY)
    engine = shipped_engine()
    advised = [episode for one in histories for episode in episodes(moments(engine, one, 30 * DAY))]
    number = sum(episode.rule == "thank-for-offer" for episode in advised)
    assert number > 3
    assert found.advice == len(advised)
    assert found.counts == {"thank-for-offer": {"lost": number}}
    assert backtest(less, RULEBOOK, histories, patience=30 * DAY).counts == {"thank-for-offer": {"added": number}}


PAIRS = [("added", "lost"), ("earlier", "later"), ("ends earlier", "ends later")]
MIRRORED = dict(PAIRS) | {after: before for before, after in PAIRS}


@pytest.mark.long
def test_the_other_way_round_everything_is_mirrored(other: Path) -> None:
    edit(other, "before-accepting", "Never sign in a rush", "Take your time")
    edit(other, "before-accepting", "normal_before: 72h", "normal_before: 96h")
    edit(other, "before-accepting", "urgent_before: 24h", "urgent_before: 12h")
    edit(other, "before-accepting", "valid_for: 3d", "valid_for: 2d")
    histories, changed = random_histories(6, 12), load(other)
    there = backtest(RULEBOOK, changed, histories, patience=30 * DAY).counts
    back = backtest(changed, RULEBOOK, histories, patience=30 * DAY).counts
    assert there["respond-before-deadline"].keys() >= {"earlier", "priority"}
    assert there["thank-for-offer"].keys() >= {"ends earlier"}
    assert back == {
        rule: {MIRRORED.get(kind, kind): number for kind, number in kinds.items()} for rule, kinds in there.items()
    }


def test_what_another_rule_displaces_is_superseded(other: Path) -> None:
    edit(other, "before-accepting", "thank-for-offer:\n", "thank-for-offer:\n  suppresses: [ask-response-deadline]\n")
    journey = [JOURNEY[0], of_offer("updated", 2, respond_by="2026-03-20T12:00:00Z")]
    found = compare(other, *journey)
    assert {rule: dict(kinds) for rule, kinds in found.counts.items()} == {"ask-response-deadline": {"superseded": 1}}
    assert found.examples[0].detail.endswith("; thank-for-offer@offer/acme takes its place")
    [added] = backtest(load(other), RULEBOOK, histories_of(journey), patience=30 * DAY).examples
    assert (added.kind, added.rule) == ("added", "ask-response-deadline")
    assert added.detail.endswith("; before, thank-for-offer@offer/acme took its place")


def test_what_another_rule_holds_back_is_later(other: Path) -> None:
    edit(other, "before-accepting", "thank-for-offer:\n", "thank-for-offer:\n  suppresses: [ask-response-deadline]\n")
    [later] = compare(other, JOURNEY[0]).examples
    assert (later.kind, later.rule) == ("later", "ask-response-deadline")
    assert later.detail == "3d later; thank-for-offer@offer/acme takes its place"


def episode(
    start: int, end: int | None, ended: str | None = None, priority: str = "high", words: str = "Go"
) -> Episode:
    said: dict[str, Any] = {"title": words, "message": "", "steps": [], "drafts": [], "comparison": None}
    return Episode("rule", "offer/o", start, end, ended, [(start, priority)], [(start, None)], [(start, said)])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([episode(0, 10)], [episode(0, 10)], []),
        ([episode(0, 10)], [episode(10, 20)], ["lost", "added"]),
        ([episode(0, 10), episode(20, 30)], [episode(25, 30)], ["lost", "later"]),
        ([episode(0, 10)], [episode(0, None)], ["ends later"]),
        ([episode(0, None)], [episode(0, 10)], ["ends earlier"]),
        ([episode(0, None)], [episode(0, 10, "superseded by other@offer/o")], ["superseded"]),
        ([episode(0, 10)], [episode(5, 10, priority="low", words="Stay")], ["later", "priority", "reworded"]),
        ([episode(5, 5)], [episode(5, 20)], ["ends later"]),
    ],
)
def test_spells_that_overlap_are_the_same_advice(old: list[Episode], new: list[Episode], expected: list[str]) -> None:
    assert [one.kind for one in differences("c-1", old, new)] == expected


def test_what_only_one_of_them_still_says_later_is_no_other_wording() -> None:
    """Nor another priority: only the time at which both stand is compared."""
    old, new = episode(0, 10), episode(0, 20)
    new.note(15, {"priority": "urgent", "due": "x", **new.words[0][1], "title": "Run"})
    assert [one.kind for one in differences("c-1", [old], [new])] == ["ends later"]


def of_person(number: int, key: str, type_: str, **data: object) -> Event:
    return Event("t", "s", str(number), type_, START + number, key, dict(data))


def test_applications_and_merged_candidates_are_one_person() -> None:
    """An application belongs to the candidate who is named first, as it does for workers."""
    events = [
        of_person(1, "application:a1", "offer.extended", offer="o"),
        of_person(2, "c-2", "application.submitted", application="a1"),
        of_person(3, "c-5", "application.submitted", application="a1"),
        of_person(4, "c-2", "candidate.merged", into="c-9"),
        of_person(4, "c-2", "offer.declined", offer="o"),
    ]
    histories = histories_of(events)
    assert len(histories) == 2
    assert [(one.key, [at - START for at, _ in one.steps]) for one in histories] == [("c-5", [3]), ("c-9", [1, 2, 4])]
    case_set = CaseSet(shipped_engine(), "t", {})
    for event in events[:-1]:  # the last one repeats an id, which the storage would have noticed
        case_set.handle(event, event.time)
    for history in histories:
        assert case_set.cases[history.key].case == history.case(START + DAY)


def test_a_history_can_end_before_its_last_event() -> None:
    [history] = histories_of(JOURNEY)
    cut = history.up_to(START + 5 * DAY)
    assert [(at - START) // DAY for at, _ in cut.steps] == [0, 3, 5]
    assert [one.end for one in episodes(moments(shipped_engine(), cut, 0)) if one.rule == "deadline-passed"] == []


def played(events: list[Event], until: int) -> Iterator[tuple[int, str, str]]:
    case_set = CaseSet(shipped_engine(), "t", {})
    arrivals = [(event.time, event) for event in sorted(events, key=lambda event: (event.time, event.source, event.id))]
    for emitted in Replay(case_set, arrivals).until(until):
        if emitted.change.change == "raised":
            yield emitted.at, emitted.change.rule, emitted.change.subject


def test_spells_begin_when_the_workers_would_raise_them() -> None:
    for seed in range(15):
        random = Random(seed)
        events = [random_event(random, number) for number in range(8)]
        events = [event for event in events if not event.type.startswith("advice")]
        [history] = histories_of(events)
        found = episodes(moments(shipped_engine(), history, 30 * DAY))
        until = max(event.time for event in events) + 30 * DAY
        assert sorted((one.start, one.rule, one.subject) for one in found) == sorted(played(events, until))


def test_a_stored_case_replays_what_it_still_knows() -> None:
    """Where no statement was replaced, that is everything."""
    history = history_of_case("c-1", Case.from_json(Case().fold(*JOURNEY).to_json()))
    [advice_state] = histories_of(JOURNEY)
    assert history == advice_state
