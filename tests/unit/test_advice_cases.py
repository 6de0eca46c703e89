"""Whose case an application belongs to, what an erasure leaves of published advice, and how advice is stored."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import active, suppressions
from signpost.advice.case_set import CaseSet
from signpost.advice.records import AdviceRecord, dump_records, load_records, merge_records
from signpost.case import Event
from signpost.case.event import Order
from signpost.case.instant import HOUR
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load
from tests.unit.test_advice_lifecycle import START, World

WEIGH = """
weigh:
  about: offer
  source: a
  attaches: comparison
  when: {stage: open, any offer: {stage: open}}
  priority: high
  title: Weigh {{ employer }}
  message: Weigh what {{ employer }} offers.
  steps: ["Look at {{ title }}."]
  drafts: {letter: {title: "To {{ employer }}", body: "Dear {{ employer }}"}}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, WEIGH)


def offer(world: World, hours: float, subject: str = "c-1", name: str = "o") -> list[tuple[str, str, int]]:
    acme = {"id": "acme", "name": "Acme"}
    return world.say(hours, "offer.extended", subject, offer=name, employer=acme, title="Nurse")


def by_vendor(world: World, hours: float, type_: str, subject: str, **data: Any) -> None:
    """A webhook of a vendor tells it, whose events have an order."""
    at = START + int(hours * HOUR)
    world.load.handle(Event("acme", "vendor", f"v-{hours}", type_, at, subject, data, order=Order(at)), at)


# Whose application it is


def applies(world: World, hours: float, candidate: str) -> None:
    world.say(hours, "application.submitted", candidate, application="a")


def owner(world: World) -> str:
    return world.load.find("application:a").key


def test_an_application_stays_with_the_candidate_who_has_it(world: World) -> None:
    applies(world, 0, "c-1")
    applies(world, 1, "c-2")
    assert owner(world) == "c-1"
    assert offer(world, 2, "application:a") == [("raised", "weigh@offer/o", 1)]
    assert (world.active("c-1"), world.active("c-2")) == ({"weigh@offer/o"}, set())


def test_an_application_of_an_erased_candidate_is_that_of_the_next_who_has_it(world: World) -> None:
    applies(world, 0, "c-1")
    world.say(1, "candidate.erased", "c-1")
    assert owner(world) == "c-1"
    applies(world, 2, "c-2")
    assert owner(world) == "c-2"
    offer(world, 3, "application:a")
    assert (world.active("c-1"), world.active("c-2")) == (set(), {"weigh@offer/o"})


def test_an_application_stays_with_an_erased_candidate_who_has_come_back(world: World) -> None:
    applies(world, 0, "c-1")
    world.say(1, "candidate.erased", "c-1")
    offer(world, 2, "c-1", "again")
    applies(world, 3, "c-2")
    assert owner(world) == "c-1"


def test_an_application_stays_with_a_person_of_whom_nothing_else_is_left(world: World) -> None:
    """The vendor deletes the record that applied, and says afterwards who the person is."""
    applies(world, 0, "c-1")
    by_vendor(world, 1, "candidate.erased", "c-1")
    by_vendor(world, 2, "candidate.merged", "c-1", into="c-2")
    applies(world, 3, "c-3")
    assert owner(world) == "c-2"


# Records that a vendor joins


def test_a_vendor_that_deletes_a_record_that_it_has_joined_erases_nobody(world: World) -> None:
    offer(world, 0, "old")
    by_vendor(world, 1, "candidate.merged", "old", into="new")
    by_vendor(world, 2, "candidate.erased", "old")
    assert (world.active("new"), world.load.erased) == ({"weigh@offer/o"}, {})


def test_what_a_vendor_says_of_a_joined_record_is_about_the_person(world: World) -> None:
    by_vendor(world, 1, "candidate.merged", "old", into="new")
    by_vendor(world, 2, "offer.extended", "old", offer="o", title="Nurse")
    assert world.active("new") == {"weigh@offer/o"}


def test_a_vendor_that_goes_on_after_an_erasure_undoes_nothing_of_it(world: World) -> None:
    world.say(1, "candidate.erased", "c-1")
    by_vendor(world, 2, "offer.extended", "c-1", offer="o", title="Nurse")
    assert world.load.find("c-1").case.erased_at == START + HOUR
    assert offer(world, 0, name="late") == []
    assert world.active("c-1") == {"weigh@offer/o"}


def test_a_vendor_that_deletes_a_record_before_it_joins_it_erases_that_record_alone(world: World) -> None:
    offer(world, 0, "old", "of-old")
    offer(world, 0.5, "new")
    by_vendor(world, 1, "candidate.erased", "old")
    by_vendor(world, 2, "candidate.merged", "old", into="new")
    assert world.load.find("old").key == "new"
    assert world.active("new") == {"weigh@offer/o"}
    assert world.load.find("new").case.erased_at is None


def test_a_vendor_erases_who_was_not_joined_and_who_has_an_application(world: World) -> None:
    offer(world, 0, "application:a")
    applies(world, 1, "c-1")
    by_vendor(world, 2, "candidate.erased", "c-1")
    assert (world.active("c-1"), list(world.load.erased)) == (set(), ["c-1"])


def test_a_person_who_is_erased_under_an_earlier_name_is_erased(world: World) -> None:
    """Somebody who states the time of an erasure is no vendor that deletes a second record."""
    offer(world, 0, "old")
    world.say(1, "candidate.merged", "old", into="new")
    assert world.say(2, "candidate.erased", "old") == [("resolved", "weigh@offer/o", 2)]
    assert list(world.load.erased) == ["new"]


def test_an_erasure_that_a_person_stated_goes_with_the_record_that_is_joined(world: World) -> None:
    offer(world, 0, "new")
    world.say(1, "candidate.erased", "old")
    world.say(2, "candidate.merged", "old", into="new")
    assert world.load.find("new").case.erased_at == START + HOUR
    assert world.active("new") == set()


# What an erasure leaves


def without_content(data: dict[str, Any]) -> bool:
    shown = {name: data[name] for name in ("title", "message", "steps", "drafts", "comparison", "employer")}
    return not any(shown.values()) and data["explanation"]["because"] == []


def test_an_erasure_takes_all_words_from_the_advice_that_it_ends(world: World) -> None:
    offer(world, 0)
    [raised] = world.last
    content = ("title", "message", "steps", "drafts", "comparison", "employer")
    assert all(raised.data[name] for name in content)
    assert raised.data["explanation"]["because"]
    world.say(1, "candidate.erased")
    [ended] = world.last
    assert without_content(ended.data)
    kept = ("id", "rule", "topic", "audience", "candidate", "subject", "priority", "raised_at")
    assert {name: ended.data[name] for name in kept} == {name: raised.data[name] for name in kept}
    assert (ended.data["status"], ended.data["reason"]) == ("resolved", "erased")


def test_what_is_merged_into_an_erased_candidate_leaves_no_words(world: World) -> None:
    for erased, into in ((True, "c-2"), (False, "c-3")):
        if erased:
            world.say(0, "candidate.erased", into)
        old = f"{into}-old"
        offer(world, 1, old)
        world.say(2, "candidate.merged", old, into=into)
        ended = next(change for change in world.last if change.change == "resolved")
        assert (without_content(ended.data), old in world.load.erased) == (erased, erased)
        assert ended.data["reason"] == "merged"


# How advice is stored

RECORDS = [AdviceRecord("ask", "offer", "o", "suppressed", by="decline@offer/o", title="Ask", priority="high"),
           AdviceRecord("weigh", "offer", "o", "active", "rec_1", 1, 1)]  # fmt: skip


def test_the_same_advice_is_stored_as_the_same_bytes() -> None:
    one, other = ({record.key: record for record in order} for order in (RECORDS, RECORDS[::-1]))
    assert dump_records(one) == dump_records(other)
    assert list(load_records(dump_records(other))) == ["ask@offer/o", "weigh@offer/o"]


def test_advice_keeps_its_id_from_release_to_release() -> None:
    """Consumers name it in their answers, also after it has ended and only its episode is stored."""
    record = AdviceRecord("ask", "offer", "o", episode=2)
    assert record.id_of_episode("acme", "c-1", None) == "rec_89db6f4eabf0bd7875048a69"
    assert record.id_of_episode("acme", "c-1", 7) == "rec_1366fa1aee14b4ca3c3592f9"


def test_advice_of_an_earlier_release_is_not_told_again_where_its_words_are_the_same(tmp_path: Path) -> None:
    """What is stored of the words must mean the same in each release."""
    rule = "ask: {about: offer, source: a, when: {stage: open}, priority: low, title: Ask, message: Ask them.}\n"
    world = World(tmp_path, rule)
    offer(world, 0)
    [stored] = load_records(world.load.find("c-1").advice_state).values()
    assert stored.text == "87c9a4c4cb68e1e3b05eff65"
    stored.inputs = "of a release that noted something else"
    world.load.find("c-1").advice_state = dump_records({stored.key: stored})
    assert world.wake(1) == []


def test_each_audience_is_shown_what_is_hidden_from_it_alone() -> None:
    hidden = [*RECORDS, AdviceRecord("tell", "offer", "o", "superseded", audience="employer", title="Tell")]
    state = dump_records({record.key: record for record in hidden})
    ask = {"rule": "ask", "subject": "offer/o", "by": "decline@offer/o", "title": "Ask", "priority": "high"}
    tell = {"rule": "tell", "subject": "offer/o", "by": "", "title": "Tell", "priority": ""}
    assert suppressions(state) == [ask, tell]
    assert (suppressions(state, "candidate"), suppressions(state, "employer")) == ([ask], [tell])
    assert list(active(state)) == ["weigh@offer/o"]


def test_what_was_done_about_the_candidate_is_about_the_one_who_lives_on() -> None:
    kinds = [("candidate", "old"), ("candidate", "other"), ("offer", "old")]
    records = [AdviceRecord("r", kind, name, "done", f"rec_{kind}", 1) for kind, name in kinds]
    state = dump_records({record.key: record for record in records})
    merged = load_records(merge_records(state, b"", "old", "new"))
    assert set(merged) == {"r@candidate/new", "r@candidate/other", "r@offer/old"}


def merged(of_absorbed: AdviceRecord, of_target: AdviceRecord) -> AdviceRecord:
    absorbed, target = (dump_records({record.key: record}) for record in (of_absorbed, of_target))
    [found] = load_records(merge_records(absorbed, target, "old", "new")).values()
    return found


@pytest.mark.parametrize(
    ("state", "episode", "counted"), [("active", 4, 4), ("snoozed", 4, 4), ("done", 4, 4), ("ended", 4, 5)]
)
def test_an_answer_to_joined_advice_counts_for_what_stands_or_for_what_comes_next(
    state: str, episode: int, counted: int
) -> None:
    theirs = AdviceRecord("r", "offer", "o", state, "rec_new", episode)
    found = merged(AdviceRecord("r", "offer", "o", "active", "rec_old", 1, merged_ids={"rec_older": 1}), theirs)
    assert (found.state, found.id, found.episode) == (state, "rec_new", episode)
    assert found.merged_ids == {"rec_older": counted, "rec_old": counted}


@pytest.mark.parametrize(("ours", "theirs"), [(1, 3), (3, 1)])
def test_advice_that_was_done_in_one_case_is_done_in_the_latest_episode_of_both(ours: int, theirs: int) -> None:
    found = merged(
        AdviceRecord("r", "offer", "o", "done", "rec_old", ours), AdviceRecord("r", "offer", "o", episode=theirs)
    )
    assert (found.state, found.id, found.episode, found.merged_ids) == ("done", "rec_old", 3, {"rec_old": 3})


def test_an_id_of_an_earlier_episode_is_remembered_and_counts_for_none() -> None:
    earlier = AdviceRecord("r", "offer", "o", "active", "rec_old", 2, merged_ids={"rec_older": 1})
    found = merged(earlier, AdviceRecord("r", "offer", "o", "active", "rec_new", 3))
    assert found.merged_ids == {"rec_older": 0, "rec_old": 3}


def test_an_id_that_may_still_be_answered_is_kept_without_advice_of_its_own() -> None:
    [found] = load_records(merge_records(dump_records({RECORDS[1].key: RECORDS[1]}), b"", "old", "new")).values()
    assert (found.state, found.episode, found.merged_ids, found.is_needed) == ("ended", 0, {"rec_1": 1}, True)
    assert not AdviceRecord("r", "offer", "o").is_needed


def test_an_answer_to_joined_advice_counts_for_the_next_that_is_raised(world: World) -> None:
    """The offer is settled when the cases are joined, and the answer of the consumer is still on its way."""
    offer(world, 0, "old")
    asked = world.last[0].id
    world.say(1, "offer.declined", "new", offer="o")
    world.say(2, "candidate.merged", "old", into="new")
    assert world.active("new") == set()
    assert world.say(3, "advice.done", "new", recommendation=asked) == []
    assert offer(world, 4, "new") == [("raised", "weigh@offer/o", 1), ("done", "weigh@offer/o", 2)]


@pytest.mark.parametrize("latest", [0, 1])
def test_the_latest_of_two_answers_to_joined_advice_counts(world: World, latest: int) -> None:
    ids = []
    for key in ("old", "new"):
        offer(world, 0, key)
        ids.append(world.last[0].id)
    world.say(1, "candidate.merged", "old", into="new")
    assert world.say(2, "advice.done", "new", recommendation=ids[1 - latest])[0][0] == "done"
    assert world.say(3, "advice.dismissed", "new", recommendation=ids[latest])[0][0] == "dismissed"
    assert world.say(2.5, "advice.done", "new", recommendation=ids[1 - latest]) == []


def test_relations_are_stored_in_one_order() -> None:
    one, other = (dict(order) for order in ([("offer", ["o"]), ("any", [])], [("any", []), ("offer", ["o"])]))
    first, second = (AdviceRecord("r", "offer", "o", "active", related=related) for related in (one, other))
    assert dump_records({first.key: first}) == dump_records({second.key: second})


# Many events at once


def test_events_of_one_case_are_evaluated_once(world: World) -> None:
    cases: CaseSet = world.load
    for number in range(3):
        data = {"offer": f"o-{number}", "title": "Nurse"}
        assert cases.apply(Event("acme", "t", f"e-{number}", "offer.extended", START, "c-1", data), START) == []
    assert cases.waiting == 1
    assert len(cases.advise(START)) == 3
    assert (cases.waiting, cases.advise(START + HOUR)) == (0, [])


def test_a_case_is_not_evaluated_before_its_latest_evaluation(world: World) -> None:
    """The clock of the process that made it may be ahead."""
    offer(world, 0)
    case = world.load.find("c-1")
    assert (case.instant(START), case.instant(START + HOUR)) == (START, START + HOUR)
    case.evaluated_at = START + 2 * HOUR
    assert case.instant(START + HOUR) == START + 2 * HOUR
    assert case.basis is not None


def test_a_rulebook_of_another_folder_evaluates_the_same_case_again(world: World, tmp_path: Path) -> None:
    offer(world, 0)
    before = world.load.find("c-1").basis
    (tmp_path / "topic.yaml").write_text(WEIGH.replace("Weigh what", "Think about what"))
    world.load.engine = CompiledEngine(load(tmp_path))
    assert world.wake(1) == [("updated", "weigh@offer/o", 2)]
    assert world.load.find("c-1").basis is not before
