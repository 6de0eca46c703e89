"""The life of a recommendation: raised, updated, resolved, expired, superseded, and a consumer's done, dismissed,
snoozed."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import active, suppressions
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.records import AdviceRecord, load_records
from signpost.case import Event
from signpost.case.instant import DAY, HOUR, MINUTE, format_instant, parse_instant
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load

RULES = """
ask:
  about: offer
  source: a
  when: {stage: open, respond_by: unknown}
  priority: high
  title: Ask {{ employer }}
  message: Ask by when {{ employer }} wants an answer about {{ title }}.
answer:
  about: offer
  source: a
  params: {normal_before: 72h, high_before: 48h}
  when: {stage: open, respond_by: within normal_before}
  priority: {normal: from the start, high: high_before before respond_by}
  due: respond_by
  title: Answer {{ employer }}
  message: Until {{ respond_by }}.
thank:
  about: interview
  source: a
  params: {valid_for: 7d}
  when: {stage: completed, thanked_at: unknown}
  valid: for valid_for after completed_at
  priority: normal
  title: Thank them
  message: Thank them.
decline:
  about: offer
  source: a
  when: {stage: open, any other offer: {stage: accepted, letter: signed}}
  priority: high
  suppresses: [ask, answer]
  title: Decline {{ employer }}, since you signed with {{ other.employer }}
  message: Now.
"""
START = parse_instant("2026-03-02T14:00:00Z")


class World:
    """A caseload with a rulebook of four rules, spoken to in hours."""

    def __init__(self, folder: Path, rules: str = RULES) -> None:
        (folder / "sources.yaml").write_text("articles: {a: An article}\n")
        (folder / "topic.yaml").write_text(rules)
        self.load = CaseSet(CompiledEngine(load(folder)), "acme", {})
        self.events = 0

    def say(self, hours: float, type_: str, subject: str = "c-1", **data: Any) -> list[tuple[str, str, int]]:
        self.events += 1
        at = START + int(hours * HOUR)
        emitted = self.load.handle(Event("acme", "test", f"e-{self.events}", type_, at, subject, data), at)
        self.last = [change for _, change in emitted]
        return [(change.change, f"{change.rule}@{change.subject}", change.sequence) for change in self.last]

    def wake(self, hours: float, key: str = "c-1") -> list[tuple[str, str, int]]:
        self.last = [change for _, change in self.load.wake(key, START + int(hours * HOUR))]
        return [(change.change, f"{change.rule}@{change.subject}", change.sequence) for change in self.last]

    def next(self, key: str = "c-1") -> float | None:
        instant = self.load.find(key).next_change
        return None if instant is None else (instant - START) / HOUR

    def active(self, key: str = "c-1") -> set[str]:
        return set(active(self.load.find(key).advice_state))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def offer(world: World, hours: float = 0, **terms: Any) -> list[tuple[str, str, int]]:
    return world.say(hours, "offer.extended", offer="o", employer={"id": "acme", "name": "Acme"}, **terms)


def test_raised_then_resolved_when_its_reason_goes(world: World) -> None:
    assert offer(world) == [("raised", "ask@offer/o", 1)]
    raised = world.last[0]
    assert (raised.status, raised.priority, raised.data["title"]) == ("active", "high", "Ask Acme")
    emitted = world.say(1, "offer.updated", offer="o", respond_by="2026-03-20T14:00:00Z")
    assert emitted == [("resolved", "ask@offer/o", 2)]
    assert (world.last[0].id, world.last[0].status) == (raised.id, "resolved")


def test_the_same_said_again_changes_nothing(world: World) -> None:
    offer(world)
    assert world.say(1, "offer.updated", offer="o", employer={"name": "Acme"}) == []
    assert world.wake(2) == []


def test_a_changed_text_is_an_update_of_the_same_recommendation(world: World) -> None:
    offer(world)
    raised = world.last[0]
    assert world.say(1, "offer.updated", offer="o", title="Engineer") == [("updated", "ask@offer/o", 2)]
    assert world.last[0].id == raised.id
    assert "Engineer" in world.last[0].data["message"]


def test_escalation_comes_at_the_very_second(world: World) -> None:
    offer(world, respond_by=format_instant(START + 5 * DAY))
    assert world.next() == 48
    second = 1 / 3600
    assert world.wake(48 - second) == []
    assert world.wake(48) == [("raised", "answer@offer/o", 1)]
    assert world.last[0].data["due"] == format_instant(START + 5 * DAY)
    assert world.next() == 72
    assert world.wake(72 - second) == []
    assert world.wake(72) == [("updated", "answer@offer/o", 2)]
    assert (world.last[0].priority, world.next()) == ("high", 120)
    assert world.wake(120) == [("resolved", "answer@offer/o", 3)]
    assert world.next() is None


def test_a_new_spell_is_a_new_recommendation(world: World) -> None:
    offer(world)
    first = world.last[0].id
    world.say(1, "offer.updated", offer="o", respond_by="2026-03-20T14:00:00Z")
    assert world.say(2, "offer.updated", offer="o", respond_by=None) == [("raised", "ask@offer/o", 1)]
    assert world.last[0].id != first


def test_validity_ends_in_expiry(world: World) -> None:
    assert world.say(0, "interview.completed", interview="i") == [("raised", "thank@interview/i", 1)]
    assert world.next() == 7 * 24
    assert world.wake(7 * 24) == [("expired", "thank@interview/i", 2)]
    assert world.last[0].data["reason"] == "its time has passed"


def sign_another(world: World, hours: float) -> list[tuple[str, str, int]]:
    return world.say(hours, "offer.letter_signed", offer="p", employer={"id": "globex", "name": "Globex"})


def test_suppression_supersedes_and_stays_visible(world: World) -> None:
    offer(world)
    assert sign_another(world, 1) == [("superseded", "ask@offer/o", 2), ("raised", "decline@offer/o", 1)]
    superseded = next(change for change in world.last if change.change == "superseded")
    assert superseded.data["reason"] == "superseded by decline@offer/o"
    [shown] = suppressions(world.load.find("c-1").advice_state)
    assert (shown["rule"], shown["subject"], shown["by"]) == ("ask", "offer/o", "decline@offer/o")
    assert world.say(2, "offer.declined", offer="p") == [
        ("raised", "ask@offer/o", 1),
        ("resolved", "decline@offer/o", 2),
    ]


def test_what_is_suppressed_from_the_start_is_never_told(world: World) -> None:
    sign_another(world, 0)
    assert offer(world, 1) == [("raised", "decline@offer/o", 1)]
    assert [entry["rule"] for entry in suppressions(world.load.find("c-1").advice_state)] == ["ask"]


@pytest.mark.parametrize("answer", ["done", "dismissed"])
def test_put_aside_advice_stays_away_while_its_condition_lasts(world: World, answer: str) -> None:
    offer(world)
    recommendation = world.last[0].id
    assert world.say(1, f"advice.{answer}", recommendation=recommendation) == [(answer, "ask@offer/o", 2)]
    assert world.say(2, "offer.updated", offer="o", title="Engineer") == []
    assert world.active() == set()
    assert world.say(3, "offer.updated", offer="o", respond_by="2026-03-20T14:00:00Z") == []
    assert world.say(4, "offer.updated", offer="o", respond_by=None) == [("raised", "ask@offer/o", 1)]


def test_snoozed_advice_comes_back_by_itself(world: World) -> None:
    offer(world)
    recommendation = world.last[0].id
    until = format_instant(START + 10 * HOUR + 30 * MINUTE)
    assert world.say(1, "advice.snoozed", recommendation=recommendation, until=until) == [("snoozed", "ask@offer/o", 2)]
    assert (world.active(), world.next()) == (set(), 10.5)
    assert world.wake(10.4) == []
    assert world.wake(10.5) == [("raised", "ask@offer/o", 3)]
    assert world.last[0].id == recommendation


def test_snoozed_advice_ends_with_its_reason(world: World) -> None:
    offer(world)
    world.say(1, "advice.snoozed", recommendation=world.last[0].id, until=format_instant(START + DAY))
    assert world.say(2, "offer.declined", offer="o") == [("resolved", "ask@offer/o", 3)]
    assert world.next() is None


def test_an_application_becomes_known_as_a_candidates(world: World) -> None:
    assert world.say(0, "offer.extended", "application:a", offer="o") == [("raised", "ask@offer/o", 1)]
    first = world.last[0]
    emitted = world.say(1, "application.submitted", "c-1", application="a")
    assert emitted == [("resolved", "ask@offer/o", 2), ("raised", "ask@offer/o", 1)]
    assert (world.last[0].id, world.last[0].data["reason"]) == (first.id, "merged")
    assert world.last[1].data["candidate"] == "c-1"
    assert world.load.cases["application:a"].merged_into == "c-1"
    assert world.say(2, "offer.declined", "application:a", offer="o") == [("resolved", "ask@offer/o", 2)]


def test_dismissal_survives_a_merge(world: World) -> None:
    world.say(0, "offer.extended", "old", offer="o")
    world.say(1, "advice.dismissed", "old", recommendation=world.last[0].id)
    assert world.say(2, "candidate.merged", "old", into="new") == []
    assert world.active("new") == set()


def test_two_candidates_merged_into_each_other_stay_one(world: World) -> None:
    world.say(0, "offer.extended", "a", offer="o")
    world.say(1, "candidate.merged", "a", into="b")
    world.say(2, "candidate.merged", "b", into="a")
    assert world.load.find("a") is world.load.find("b")
    assert world.active("a") == {"ask@offer/o"}


def test_an_application_of_two_candidates_does_not_merge_them(world: World) -> None:
    world.say(0, "application.submitted", "c-1", application="a")
    world.say(1, "application.submitted", "c-2", application="a")
    assert world.load.find("c-1") is not world.load.find("c-2")


def test_erasure_tells_consumers_to_forget_and_keeps_nothing(world: World) -> None:
    offer(world)
    raised = world.last[0]
    assert world.say(1, "candidate.erased") == [("resolved", "ask@offer/o", 2)]
    gone = world.last[0].data
    assert (gone["id"], gone["reason"], gone["title"], gone["employer"]) == (raised.id, "erased", "", None)
    assert list(world.load.erased) == ["c-1"]
    assert world.load.find("c-1").case.registers == {}
    assert world.say(0.5, "offer.updated", offer="o", title="late") == []
    assert offer(world, 2) == [("raised", "ask@offer/o", 1)]
    assert world.last[0].id != raised.id


def test_every_change_carries_its_explanation(world: World) -> None:
    offer(world)
    because = world.last[0].data["explanation"]["because"]
    assert [(fact["fact"], fact["unknown"], fact["event"] and fact["event"]["id"]) for fact in because] == [
        ("offer/o stage", False, "e-1"),
        ("offer/o respond_by", True, None),
    ]


def test_a_longer_snooze_is_published_and_holds(world: World) -> None:
    offer(world)
    recommendation = world.last[0].id
    for hours in (10, 20):
        until = format_instant(START + hours * HOUR)
        assert world.say(hours / 10, "advice.snoozed", recommendation=recommendation, until=until) == [
            ("snoozed", "ask@offer/o", 1 + hours // 10)
        ]
    assert world.next() == 20
    assert world.wake(10) == []
    assert world.wake(20) == [("raised", "ask@offer/o", 4)]


def test_a_snooze_that_has_passed_changes_nothing(world: World) -> None:
    offer(world)
    recommendation = world.last[0].id
    assert world.say(2, "advice.snoozed", recommendation=recommendation, until=format_instant(START + 2 * HOUR)) == []
    assert world.active() == {"ask@offer/o"}


@pytest.mark.parametrize("answer", ["done", "dismissed"])
def test_answered_advice_stays_away_after_a_suppression(world: World, answer: str) -> None:
    offer(world)
    world.say(1, f"advice.{answer}", recommendation=world.last[0].id)
    assert sign_another(world, 2) == [("raised", "decline@offer/o", 1)]
    assert world.say(3, "offer.declined", offer="p") == [("resolved", "decline@offer/o", 2)]
    assert "ask@offer/o" not in world.active()


READ = """
read:
  about: offer
  source: a
  when: {stage: open, letter: received}
  done_since: letter_received_at
  priority: high
  title: Read it
  message: Read {{ letter_title }}.
"""


def letter(world: World, hours: float, title: str) -> list[tuple[str, str, int]]:
    return world.say(hours, "offer.letter_received", offer="o", letter={"title": title})


def test_what_was_done_about_another_letter_does_not_count(tmp_path: Path) -> None:
    world = World(tmp_path, READ)
    offer(world)
    assert letter(world, 1, "One") == [("raised", "read@offer/o", 1)]
    first = world.last[0].id
    assert world.say(1, "advice.done", recommendation=first) == [("done", "read@offer/o", 2)]
    assert world.wake(2) == []
    assert letter(world, 3, "Two") == [("raised", "read@offer/o", 1)]
    assert (world.last[0].id != first, world.last[0].data["message"]) == (True, "Read Two.")
    assert world.say(4, "advice.dismissed", recommendation=world.last[0].id) == [("dismissed", "read@offer/o", 2)]
    assert letter(world, 5, "Three") == []


def test_an_answer_that_arrives_after_the_next_letter_does_not_count_either(tmp_path: Path) -> None:
    world = World(tmp_path, READ)
    offer(world)
    letter(world, 1, "One")
    first = world.last[0].id
    assert letter(world, 3, "Two") == [("updated", "read@offer/o", 2)]
    assert world.say(2, "advice.done", recommendation=first) == []
    assert world.active() == {"read@offer/o"}
    assert world.say(3, "advice.done", recommendation=first) == [("done", "read@offer/o", 3)]


def test_dismissed_advice_replaces_nothing(world: World) -> None:
    offer(world)
    sign_another(world, 1)
    decline = next(change.id for change in world.last if change.rule == "decline")
    assert world.say(2, "advice.done", recommendation=decline) == [("done", "decline@offer/o", 2)]
    assert world.say(3, "advice.dismissed", recommendation=decline) == [
        ("raised", "ask@offer/o", 1),
        ("dismissed", "decline@offer/o", 3),
    ]
    assert world.say(4, "offer.declined", offer="p") == []
    assert sign_another(world, 5) == [("superseded", "ask@offer/o", 2), ("raised", "decline@offer/o", 1)]


def test_snoozed_advice_hides_nothing_that_is_due_before_it_comes_back(world: World) -> None:
    offer(world, respond_by=format_instant(START + 60 * HOUR))
    sign_another(world, 1)
    decline = next(change.id for change in world.last if change.rule == "decline")
    for hours, until, expected in (
        (2, 59, {("snoozed", "decline@offer/o", 2)}),
        (3, 60, {("snoozed", "decline@offer/o", 3), ("raised", "answer@offer/o", 1)}),
    ):
        at = format_instant(START + until * HOUR)
        assert set(world.say(hours, "advice.snoozed", recommendation=decline, until=at)) == expected
    assert ("raised", "decline@offer/o", 4) in world.wake(60)


def test_snoozed_advice_goes_on_replacing_what_has_no_due_time(world: World) -> None:
    offer(world)
    sign_another(world, 1)
    decline = next(change.id for change in world.last if change.rule == "decline")
    until = format_instant(START + 60 * HOUR)
    assert world.say(2, "advice.snoozed", recommendation=decline, until=until) == [("snoozed", "decline@offer/o", 2)]


def test_snoozed_advice_that_another_rule_replaces_is_superseded_and_does_not_come_back_at_its_time(
    world: World,
) -> None:
    offer(world)
    world.say(1, "advice.snoozed", recommendation=world.last[0].id, until=format_instant(START + 10 * HOUR))
    assert ("superseded", "ask@offer/o", 3) in sign_another(world, 2)
    assert world.next() != 10
    assert world.wake(10) == []
    assert [entry["rule"] for entry in suppressions(world.load.find("c-1").advice_state)] == ["ask"]


def test_a_changed_due_time_is_an_update(world: World) -> None:
    soon, later = (format_instant(START + hours * HOUR) for hours in (50, 60))
    assert offer(world, respond_by=soon) == [("raised", "answer@offer/o", 1)]
    assert world.say(1, "offer.updated", offer="o", respond_by=later) == [("updated", "answer@offer/o", 2)]
    assert (world.last[0].data["due"], world.last[0].priority) == (later, "normal")


def test_a_changed_due_time_alone_is_an_update(tmp_path: Path) -> None:
    """Also where no text names the time."""
    quiet = RULES.replace("message: Until {{ respond_by }}.", "message: Soon.")
    assert quiet != RULES
    world = World(tmp_path, quiet)
    soon, later = (format_instant(START + hours * HOUR) for hours in (50, 60))
    offer(world, respond_by=soon)
    assert world.say(1, "offer.updated", offer="o", respond_by=later) == [("updated", "answer@offer/o", 2)]
    assert world.last[0].data["due"] == later


def test_a_merge_keeps_what_the_survivor_answered_itself(world: World) -> None:
    world.say(0, "offer.extended", "old", offer="o")
    world.say(1, "advice.done", "old", recommendation=world.last[0].id)
    world.say(2, "offer.extended", "new", offer="o")
    kept = world.last[0]
    world.say(3, "advice.dismissed", "new", recommendation=kept.id)
    world.say(4, "candidate.merged", "old", into="new")
    record = load_records(world.load.find("new").advice_state)["ask@offer/o"]
    assert (record.id, record.state) == (kept.id, "dismissed")


def test_a_merge_keeps_the_standing_advice_of_the_survivor(world: World) -> None:
    world.say(0, "offer.extended", "old", offer="o")
    world.say(1, "advice.done", "old", recommendation=world.last[0].id)
    world.say(2, "offer.extended", "new", offer="o")
    kept = world.last[0]
    assert world.say(3, "candidate.merged", "old", into="new") == []
    assert active(world.load.find("new").advice_state)["ask@offer/o"].id == kept.id


def test_ended_advice_keeps_the_number_of_its_episodes_and_nothing_else(world: World) -> None:
    """So that the next one has a new id, and so that nothing is stored of what is over."""
    offer(world)
    world.say(1, "offer.declined", offer="o")
    record = load_records(world.load.find("c-1").advice_state)["ask@offer/o"]
    assert record == AdviceRecord("ask", "offer", "o", episode=1)


def test_what_was_suppressed_and_never_published_leaves_nothing(world: World) -> None:
    sign_another(world, 0)
    offer(world, 1)
    world.say(2, "offer.updated", offer="o", respond_by="2026-03-20T14:00:00Z")
    assert "ask@offer/o" not in load_records(world.load.find("c-1").advice_state)


class Doubtful(CompiledEngine):
    """An engine whose `matches` contradicts its own answers: durable-rules where it differs."""

    def matches(self, *_: Any, **__: Any) -> set[Any]:
        return set()


def test_the_engines_matches_decide_what_holds(world: World) -> None:
    """Else a difference between the engines would go unnoticed."""
    world.load.engine = Doubtful(world.load.engine.rulebook)
    assert offer(world) == []
    assert world.active() == set()


def test_resolved_advice_names_no_related_offer_that_is_gone(world: World) -> None:
    offer(world)
    sign_another(world, 1)
    emitted = world.say(2, "offer.declined", offer="o")
    assert ("resolved", "decline@offer/o", 2) in emitted
    ended = next(change for change in world.last if change.rule == "decline")
    assert ended.data["title"] == "Decline Acme, since you signed with Globex"


def test_a_change_names_the_employer_of_its_own_offer(world: World) -> None:
    offer(world)
    world.say(1, "offer.extended", offer="p", employer={"id": "globex", "name": "Globex"})
    [raised] = world.last
    assert (raised.subject, raised.data["employer"]["id"], raised.data["title"]) == ("offer/p", "globex", "Ask Globex")
    assert raised.data["explanation"]["article"] == {"id": "a", "title": "An article"}


def test_only_the_case_of_an_event_is_to_be_stored(world: World) -> None:
    world.load.cases["c-2"] = LoadedCase("c-2")
    offer(world)
    assert {key: case.touched for key, case in world.load.cases.items()} == {"c-1": True, "c-2": False}
    world.say(1, "candidate.merged", "c-1", into="c-2")
    assert {key: case.touched for key, case in world.load.cases.items()} == {"c-1": True, "c-2": True}
    assert world.load.cases["c-1"].merged_into == "c-2"


def test_an_event_joins_the_cases_that_it_links_but_no_application_of_another_candidate(world: World) -> None:
    for application, candidate in (("a", "c-1"), ("b", "c-2")):
        world.say(0, "application.submitted", candidate, application=application)
    joining = Event("acme", "test", "e", "application.submitted", START, "c-1", {"application": "b"})
    assert [case.key for case in world.load.cases_joined_by(joining)] == ["c-1"]
    merging = Event("acme", "test", "e", "candidate.merged", START, "c-1", {"into": "c-2"})
    assert {case.key for case in world.load.cases_joined_by(merging)} == {"c-1", "c-2"}
    assert world.say(1, "offer.extended", "application:b", offer="o") == [("raised", "ask@offer/o", 1)]
    assert world.load.cases["application:b"].merged_into == "c-2"
