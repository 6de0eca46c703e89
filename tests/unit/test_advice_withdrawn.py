"""What becomes of advice when the rulebook changes under it: a rule withdrawn, disabled, moved, or made for others."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from signpost.advice import RecommendationChange, active
from signpost.advice.case_set import CaseSet
from signpost.advice.messages import routing_key, to_cloudevent
from signpost.advice.records import dump_records, load_records
from signpost.case import Event
from signpost.case.instant import HOUR, format_instant, parse_instant
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load
from signpost.schemas import RecommendationSchema
from signpost.tenants.rulebooks import load_rulebooks

ASK = """
ask:
  about: offer
  source: a
  when: {stage: open, respond_by: unknown}
  priority: high
  title: Ask {{ employer }}
  message: Ask by when {{ employer }} wants an answer.
"""
DECLINE = """
decline:
  about: offer
  source: a
  when: {stage: open, any other offer: {stage: accepted, letter: signed}}
  priority: high
  suppresses: [ask]
  title: Decline {{ employer }}, since you signed with {{ other.employer }}
  message: Do it.
"""
EMPLOYERS = """
chase:
  about: offer
  audience: employer
  source: a
  when: {stage: open, respond_by: unknown}
  priority: low
  title: Set a date
  message: Name a date.
"""
START = parse_instant("2026-03-02T14:00:00Z")
ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas/documents/generated/signpost.recommendation.v1.json").read_text())


class World:
    """A caseload whose rulebook changes."""

    def __init__(self, folder: Path) -> None:
        (folder / "sources.yaml").write_text("articles: {a: An article}\n")
        self.folder, self.events, self.now = folder, 0, START
        self.cases: dict[str, Any] = {}
        self.last: list[RecommendationChange] = []

    def rules(self, **files: str) -> None:
        """The rulebook from now on, file by file."""
        for file in self.folder.glob("*.yaml"):
            if file.name != "sources.yaml":
                file.unlink()
        for name, text in files.items():
            (self.folder / f"{name.replace('_', '-')}.yaml").write_text(text or "{}\n")
        self.use(CompiledEngine(load(self.folder)))

    def use(self, engine: CompiledEngine) -> None:
        self.load = CaseSet(engine, "acme", self.cases)

    def say(self, type_: str, subject: str = "c-1", **data: Any) -> list[str]:
        self.events, self.now = self.events + 1, self.now + HOUR
        event = Event("acme", "test", f"e-{self.events}", type_, self.now, subject, data)
        return self._told(self.load.handle(event, self.now))

    def wake(self, key: str = "c-1") -> list[str]:
        """Evaluate again, as the clock does after the rulebook has changed."""
        self.now += HOUR
        return self._told(self.load.wake(key, self.now))

    def _told(self, changes: list[tuple[str, RecommendationChange]]) -> list[str]:
        self.cases, self.last = dict(self.load.cases), [change for _, change in changes]
        for key, change in changes:
            document = to_cloudevent(change, tenant="acme", key=key, now=self.now)
            jsonschema.Draft202012Validator(SCHEMA).validate(orjson.loads(orjson.dumps(document)))
            RecommendationSchema().load(document["data"])
        return [f"{change.change} {change.rule}@{change.subject} {change.sequence}" for change in self.last]

    def offer(self) -> list[str]:
        return self.say("offer.extended", offer="o", employer={"id": "acme", "name": "Acme"})

    def forget_topics(self) -> None:
        """As records were before they noted where they are published."""
        for case in self.cases.values():
            records = load_records(case.advice_state)
            for record in records.values():
                record.topic, record.audience = "", "candidate"
            case.advice_state = dump_records(records)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_advice_of_a_withdrawn_rule_is_resolved_where_it_was_told(world: World) -> None:
    world.rules(before_accepting=ASK, other=DECLINE)
    assert world.offer() == ["raised ask@offer/o 1"]
    raised = world.last[0]
    world.rules(other=DECLINE.replace("  suppresses: [ask]\n", ""))
    assert world.wake() == ["resolved ask@offer/o 2"]
    ended = world.last[0]
    assert (ended.id, ended.status, ended.priority) == (raised.id, "resolved", "high")
    assert routing_key(ended, "acme") == "acme.candidate.before-accepting.high.resolved"
    assert ended.data["reason"] == "the rule was withdrawn"
    assert (ended.data["title"], ended.data["employer"]) == ("Ask Acme", {"id": "acme", "name": "Acme"})
    assert ended.data["explanation"]["article"] is None
    assert ended.data["explanation"]["rulebook"] == world.load.engine.rulebook.version
    assert world.wake() == []


def test_an_event_ends_it_as_well(world: World) -> None:
    world.rules(one=ASK, two=EMPLOYERS)
    world.offer()
    world.rules(two=EMPLOYERS)
    assert world.say("offer.declined", offer="o") == ["resolved ask@offer/o 2", "resolved chase@offer/o 2"]
    assert [change.data["reason"] for change in world.last] == [
        "the rule was withdrawn",
        "its conditions no longer hold",
    ]


def test_a_disabled_rule_ends_like_a_withdrawn_one_and_returns_as_new_advice(world: World) -> None:
    world.rules(one=ASK)
    world.offer()
    first = world.last[0].id
    tenants = world.folder / "tenants" / "t.yml"
    tenants.parent.mkdir()
    tenants.write_text("tenants: {acme: {disabled: [ask]}}\n")
    world.use(CompiledEngine(load_rulebooks(world.folder, tenants).of("acme")))
    assert world.wake() == ["resolved ask@offer/o 2"]
    assert world.last[0].data["reason"] == "the rule was withdrawn"
    world.rules(one=ASK)
    assert world.wake() == ["raised ask@offer/o 1"]
    assert world.last[0].id != first


def test_an_employers_advice_ends_for_employers(world: World) -> None:
    world.rules(for_employers=EMPLOYERS)
    world.offer()
    world.rules(other=ASK)
    assert world.wake() == ["raised ask@offer/o 1", "resolved chase@offer/o 2"]
    assert routing_key(world.last[1], "acme") == "acme.employer.for-employers.low.resolved"


@pytest.mark.parametrize("answer", ["done", "dismissed"])
def test_what_was_put_aside_stays_aside_should_the_rule_return(world: World, answer: str) -> None:
    world.rules(one=ASK)
    world.offer()
    world.say(f"advice.{answer}", recommendation=world.last[0].id)
    world.rules(two=EMPLOYERS)
    assert world.wake() == ["raised chase@offer/o 1"]
    world.rules(one=ASK, two=EMPLOYERS)
    assert world.wake() == []
    assert active(world.load.find("c-1").advice_state).keys() == {"chase@offer/o"}


def test_snoozed_advice_of_a_withdrawn_rule_is_resolved(world: World) -> None:
    world.rules(one=ASK)
    world.offer()
    world.say("advice.snoozed", recommendation=world.last[0].id, until=format_instant(START + 90 * HOUR))
    world.rules(two=DECLINE.replace("[ask]", "[]"))
    assert world.wake() == ["resolved ask@offer/o 3"]
    assert world.load.find("c-1").next_change is None, "nobody waits for the end of its snooze"


def test_what_a_withdrawn_rule_suppressed_comes_back(world: World) -> None:
    world.rules(one=ASK, two=DECLINE)
    world.offer()
    assert world.say("offer.letter_signed", offer="p", employer={"id": "g", "name": "Globex"}) == [
        "superseded ask@offer/o 2",
        "raised decline@offer/o 1",
    ]
    world.rules(one=ASK)
    assert world.wake() == ["raised ask@offer/o 1", "resolved decline@offer/o 2"]


def test_a_rule_that_now_speaks_to_the_employer_tells_the_candidate_nothing_of_it(world: World) -> None:
    """The end goes to whom the beginning went, in the words of then: the new ones may not be theirs to read."""
    world.rules(one=EMPLOYERS.replace("chase", "same"))
    world.offer()
    world.rules(
        one=ASK.replace("ask:", "same:").replace("Ask by when", "Your target is {{ candidate.salary_target }}.")
    )
    assert world.wake() == ["resolved same@offer/o 2", "raised same@offer/o 1"]
    ended, raised = world.last
    assert (ended.audience, raised.audience) == ("employer", "candidate")
    assert (ended.data["title"], ended.data["message"]) == ("Set a date", "")
    assert ended.data["explanation"]["because"] == []
    assert ended.id != raised.id


def test_a_rule_about_something_else_ends_what_it_said_before(world: World) -> None:
    world.rules(one=ASK)
    world.offer()
    world.rules(
        one=ASK.replace("about: offer", "about: interview").replace(
            "{stage: open, respond_by: unknown}", "{stage: completed}"
        )
    )
    assert world.wake() == ["resolved ask@offer/o 2"]
    assert world.last[0].data["reason"] == "the rule was withdrawn"


def test_a_rule_that_moves_to_another_file_ends_where_it_began(world: World) -> None:
    world.rules(one=ASK)
    world.offer()
    world.rules(two=ASK)
    assert world.wake() == [], "not a word has changed"
    assert world.say("offer.declined", offer="o") == ["resolved ask@offer/o 2"]
    assert routing_key(world.last[0], "acme") == "acme.candidate.one.high.resolved"
    world.say("offer.extended", offer="n")
    assert world.last[0].topic == "two"


def test_a_changed_wording_is_an_update_and_an_unchanged_one_is_none(world: World) -> None:
    world.rules(one=ASK)
    world.offer()
    version = world.last[0].data["explanation"]["rulebook"]
    world.rules(one=ASK.replace("priority: high", "priority: high\n  steps: [Ring them.]"), two=DECLINE)
    assert world.wake() == ["updated ask@offer/o 2"]
    assert world.last[0].data["steps"] == ["Ring them."]
    assert world.last[0].data["explanation"]["rulebook"] == world.load.engine.rulebook.version != version
    world.rules(one=ASK.replace("priority: high", "priority: high\n  steps: [Ring them.]"), two=DECLINE + EMPLOYERS)
    assert world.wake() == ["raised chase@offer/o 1"]


def test_a_relation_renamed_in_the_rule_still_ends(world: World) -> None:
    """What it published is stored under the old name; the words must not fail for that."""
    world.rules(one=DECLINE.replace("  suppresses: [ask]\n", ""))
    world.offer()
    assert world.say("offer.letter_signed", offer="p", employer={"id": "g", "name": "Globex"}) == [
        "raised decline@offer/o 1"
    ]
    renamed = DECLINE.replace("  suppresses: [ask]\n", "").replace("other offer:", "other offer as rival:")
    world.rules(one=renamed.replace("other.employer", "rival.employer"))
    assert world.say("offer.declined", offer="o") == ["resolved decline@offer/o 2"]
    assert world.last[0].data["title"].startswith("Decline Acme")


def test_a_case_that_merges_tells_the_end_of_withdrawn_advice_too(world: World) -> None:
    world.rules(one=ASK)
    world.say("offer.extended", "application:a", offer="o")
    world.rules(two=EMPLOYERS)
    emitted = world.say("application.submitted", "c-1", application="a")
    assert emitted == ["resolved ask@offer/o 2", "raised chase@offer/o 1"]
    assert (world.last[0].data["reason"], world.last[0].topic) == ("merged", "one")


def test_records_from_before_topics_were_noted_learn_them_while_their_rule_is_there(world: World) -> None:
    world.rules(one=ASK, two=EMPLOYERS)
    world.offer()
    world.forget_topics()
    assert world.wake() == []
    world.rules(three=DECLINE.replace("[ask]", "[]"))
    assert world.wake() == ["resolved ask@offer/o 2", "resolved chase@offer/o 2"]
    assert [change.audience for change in world.last] == ["candidate", "employer"]


def test_nobody_is_told_what_may_not_be_theirs(world: World) -> None:
    """Of a rule that vanished before anybody noted to whom it spoke, the end is kept silent, not guessed."""
    world.rules(two=EMPLOYERS)
    world.offer()
    world.forget_topics()
    world.rules(one=DECLINE.replace("[ask]", "[]"))
    assert world.wake() == []
    assert world.load.find("c-1").advice_state == b'[{"episode":1,"kind":"offer","rule":"chase","subject":"o"}]'


def test_where_it_is_told_takes_few_bytes(world: World) -> None:
    world.rules(one=ASK)
    world.offer()
    [record] = orjson.loads(world.load.find("c-1").advice_state)
    assert (record["topic"], "audience" in record) == ("one", False)
    world.say("offer.declined", offer="o")
    [record] = orjson.loads(world.load.find("c-1").advice_state)
    assert record.keys() == {"kind", "rule", "episode", "subject"}


def test_rows_of_the_first_release_call_the_episode_a_spell() -> None:
    [record] = load_records(b'[{"kind":"offer","rule":"chase","spell":2,"subject":"o"}]').values()
    assert record.episode == 2
