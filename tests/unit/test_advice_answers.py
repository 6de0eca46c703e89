"""Answers of consumers that meet a change of rules, another rule, or an end."""

from pathlib import Path

import pytest

from signpost.advice.case_set import CaseSet
from signpost.advice.records import AdviceRecord, dump_records, load_records, merge_records
from signpost.case.instant import HOUR, format_instant
from tests.support.rulebooks import shipped_engine
from tests.support.workers_kit import START, event
from tests.unit.test_advice_withdrawn import ASK, DECLINE, EMPLOYERS, World

TO_EMPLOYERS = EMPLOYERS.replace("chase", "ask")
PRESSING = ASK.replace("priority: high", "priority: {normal: from the start, high: {title: known}}").replace(
    "Ask {{ employer }}", "Ask {{ employer }} ({{ priority }})"
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.rules(one=ASK, other=DECLINE)
    return made


def snooze(world: World, hours: int = 100) -> None:
    world.say("advice.snoozed", recommendation=world.last[0].id, until=format_instant(world.now + hours * HOUR))


def test_a_snooze_without_an_end_hides_nothing(world: World) -> None:
    world.offer()
    assert world.say("advice.snoozed", recommendation=world.last[0].id) == []


def test_snoozed_advice_that_was_replaced_is_raised_once_when_it_returns(world: World) -> None:
    world.offer()
    snooze(world)
    world.say("offer.letter_signed", offer="p", employer={"id": "g", "name": "Globex"})
    assert world.say("offer.declined", offer="p") == ["raised ask@offer/o 1", "resolved decline@offer/o 2"]


def test_snoozed_advice_whose_rule_now_speaks_to_others_is_raised_once_for_them(world: World) -> None:
    world.offer()
    snooze(world)
    world.rules(one=TO_EMPLOYERS)
    assert world.wake() == ["resolved ask@offer/o 3", "raised ask@offer/o 1"]
    assert [change.audience for change in world.last] == ["candidate", "employer"]


@pytest.mark.parametrize("answer", ["done", "dismissed"])
def test_the_answer_of_one_audience_keeps_nothing_from_another(world: World, answer: str) -> None:
    world.offer()
    world.say(f"advice.{answer}", recommendation=world.last[0].id)
    world.rules(one=TO_EMPLOYERS)
    assert world.wake() == ["raised ask@offer/o 1"]
    assert world.last[0].audience == "employer"


def test_advice_that_returns_from_a_snooze_with_another_priority_has_the_words_of_it(world: World) -> None:
    world.rules(one=PRESSING)
    world.offer()
    snooze(world, 3)
    world.say("offer.updated", offer="o", title="Engineer")
    assert world.wake() == ["raised ask@offer/o 3", "updated ask@offer/o 4"]
    assert [change.data["title"] for change in world.last] == ["Ask Acme (normal)", "Ask Acme (high)"]


def test_the_end_of_advice_names_the_offer_that_was_its_reason(world: World) -> None:
    world.offer()
    world.say("offer.letter_signed", offer="p", employer={"id": "g", "name": "Globex"})
    assert "resolved decline@offer/o 2" in world.say("offer.declined", offer="p")
    assert world.last[-1].data["title"] == "Decline Acme, since you signed with Globex"


def test_a_merge_ends_advice_from_before_topics_were_noted(world: World) -> None:
    world.say("offer.extended", "application:a", offer="o")
    world.forget_topics()
    emitted = world.say("application.submitted", "c-1", application="a")
    assert emitted == ["resolved ask@offer/o 2", "raised ask@offer/o 1"]


def test_a_merge_keeps_what_was_done_and_dismissed_and_the_ids_of_what_may_still_be_answered() -> None:
    states = ("active", "snoozed", "done", "dismissed", "superseded", "suppressed", "ended")
    records = [AdviceRecord("rule", "offer", state, state=state, id="old") for state in states]
    absorbed = {one.key: one for one in records}
    own = AdviceRecord("rule", "offer", "done", state="active", id="own", episode=1)
    merged = load_records(merge_records(dump_records(absorbed), dump_records({own.key: own}), "a", "b"))
    assert {record.subject: (record.state, record.id, record.current_ids[1:]) for record in merged.values()} == {
        "done": ("active", "own", []),
        "dismissed": ("dismissed", "old", ["old"]),
        "active": ("ended", "", []),
        "snoozed": ("ended", "", []),
    }
    assert {record.subject for record in merged.values() if record.merged_ids == {"old": 1}} == {"active", "snoozed"}


def test_a_merge_keeps_what_was_done_about_the_candidate_and_what_had_ended_in_the_target() -> None:
    done = [
        AdviceRecord("rule", kind, subject, state="done", id="old", episode=1)
        for kind, subject in (("candidate", "a"), ("offer", "a"), ("offer", "again"))
    ]
    ended = AdviceRecord("rule", "offer", "again", episode=3)
    absorbed = dump_records({one.key: one for one in done})
    merged = load_records(merge_records(absorbed, dump_records({ended.key: ended}), "a", "b"))
    assert {key: (one.state, one.id, one.episode) for key, one in merged.items()} == {
        "rule@candidate/b": ("done", "old", 1),
        "rule@offer/a": ("done", "old", 1),
        "rule@offer/again": ("done", "old", 3),
    }


def test_what_was_done_about_a_candidate_stays_done_once_the_application_is_theirs() -> None:
    """The usual way of an ATS: the offer names the application alone, and the candidate comes later."""
    case_set = CaseSet(shipped_engine(), "acme", {})
    now = START + HOUR

    def say(type: str, subject: str, at: int, **data: str) -> list[tuple[str, str]]:
        changes = [change for _, change in case_set.handle(event(type, subject, at=at, **data), now)]
        ids.update({change.rule: change.id for change in changes})
        return [(change.rule, change.change) for change in changes]

    ids: dict[str, str] = {}
    raised = say("offer.extended", "application:a", 0, offer="o")
    about = [rule for rule in ("set-salary-range", "rank-benefits") if (rule, "raised") in raised]
    assert about
    say("advice.done", "application:a", 0, recommendation=ids[about[0]])
    linked = say("application.submitted", "c-1", 1, application="a")
    assert linked
    assert (about[0], "raised") not in linked


def test_an_episode_begins_without_the_texts_of_the_one_before() -> None:
    record = AdviceRecord("rule", "offer", "o", episode=1, sequence=4, by="other", text="t", inputs="i", state="ended")
    record.begin_episode("acme", "c-1", None, 7)
    assert (record.by, record.text, record.inputs) == (None, "", "")
    assert (record.episode, record.sequence, record.raised_at, record.state) == (2, 0, 7, "active")
    ids = {record.id_of_episode("acme", "c-1", at) for at in (None, 0, 1)} | {record.id_of_episode("b", "c-1", None)}
    assert len(ids) == 4
    assert record.id in ids


@pytest.mark.parametrize("answer", ["done", "dismissed"])
def test_an_answer_to_advice_from_before_a_merge_counts_after_it(world: World, answer: str) -> None:
    """The application becomes known as the candidate's while the answer is on its way."""
    world.say("offer.extended", "application:a", offer="o")
    asked = world.last[0].id
    world.say("application.submitted", "c-1", application="a")
    assert world.say(f"advice.{answer}", "application:a", recommendation=asked) == [f"{answer} ask@offer/o 2"]
    assert world.last[0].id != asked


def test_an_answer_from_before_a_merge_follows_a_second_one(world: World) -> None:
    world.say("offer.extended", "application:a", offer="o")
    asked = world.last[0].id
    world.say("application.submitted", "c-1", application="a")
    world.say("candidate.merged", "c-1", into="c-2")
    assert world.say("advice.done", "c-2", recommendation=asked) == ["done ask@offer/o 2"]


def test_an_answer_given_before_a_merge_survives_a_second_one(world: World) -> None:
    world.say("offer.extended", "application:a", offer="o")
    world.say("advice.done", "application:a", recommendation=world.last[0].id)
    world.say("application.submitted", "c-1", application="a")
    assert world.say("candidate.merged", "c-1", into="c-2") == []


def test_advice_that_returns_after_a_merge_is_not_answered_by_an_old_answer(world: World) -> None:
    world.say("offer.extended", "application:a", offer="o")
    asked = world.last[0].id
    world.say("application.submitted", "c-1", application="a")
    world.say("advice.done", "application:a", recommendation=asked)
    world.say("offer.declined", offer="o")
    assert world.offer() == ["raised ask@offer/o 1"]


def test_an_answer_from_before_a_merge_counts_for_advice_that_both_cases_had(world: World) -> None:
    world.say("offer.extended", "old", offer="o")
    asked = world.last[0].id
    world.offer()
    assert world.say("candidate.merged", "old", into="c-1") == ["resolved ask@offer/o 2"]
    assert world.say("advice.done", "old", recommendation=asked) == ["done ask@offer/o 2"]


def test_advice_that_returns_from_a_snooze_names_the_offer_that_is_its_reason_now(world: World) -> None:
    world.offer()
    world.say("offer.letter_signed", offer="p", employer={"id": "g", "name": "Globex"})
    decline, until = world.last[-1].id, format_instant(world.now + 4 * HOUR)
    world.say("advice.snoozed", recommendation=decline, until=until)
    world.say("offer.letter_signed", offer="q", employer={"id": "i", "name": "Initech"})
    world.say("offer.declined", offer="p")
    assert world.wake()[0] == "raised decline@offer/o 3"
    assert world.last[0].data["title"] == "Decline Acme, since you signed with Initech"


def test_advice_that_was_done_just_before_a_merge_ends_by_the_merge(world: World) -> None:
    """Both events come before the case is evaluated again."""
    world.say("offer.extended", "old", offer="o")
    done = event("advice.done", "old", at=0, recommendation=world.last[0].id)
    merged = event("candidate.merged", "old", at=0, into="new")
    assert world.load.apply(done, world.now) == []
    [(_, ended)] = world.load.apply(merged, world.now)
    assert (ended.change, ended.data["reason"]) == ("resolved", "merged")
