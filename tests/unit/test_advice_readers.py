"""What the texts of each reader may use: nothing of the candidate for employers, and all that changed for whom it
concerns."""

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from signpost.advice import advise
from signpost.advice.variables import RuleVariables, to_context
from signpost.advice.wording import Writer, joined_words
from signpost.case import Case, Event
from signpost.case.instant import HOUR
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.facts.clock import Clock
from signpost.facts.entity import Entity
from signpost.facts.facts import Facts, facts_of
from signpost.facts.vocabulary import KINDS
from signpost.rulebook import load
from tests.support.agenda_kit import Candidate
from tests.support.workers_kit import START, event

RULES = """
plan:
  {about: offer, source: a, priority: normal, when: {stage: open}, title: "Think about {{ employer }}",
  message: "{{ candidate.time_zone }}"}
tell:
  {audience: employer, about: offer, source: a, priority: normal, when: {stage: open}, title: "Write, {{ signature }}",
  message: "By {{ respond_by }}", drafts: {letter: {title: Hello, body: "{{ salutation }}, by {{ respond_by }}"}}}
meet:
  {audience: employer, about: offer, source: a, priority: normal, message: M, title: "{{ interview.employer }}",
  when: {stage: open, any interview: {employer: same, stage: scheduled}}}
place:
  {about: offer, source: a, priority: normal, title: Look around, message: "In {{ location }}",
  when: {stage: open, location: known}}
weigh-all:
  {about: candidate, source: a, attaches: comparison, priority: normal, title: Weigh, message: "{{ comparison }}",
  when: {at least 2 offers: {stage: open}}}
weigh-alone:
  {about: offer, source: a, attaches: comparison, priority: normal, title: Weigh, message: M, when: {stage: accepted}}
weigh-named:
  {about: candidate, source: a, attaches: comparison, priority: normal, title: Weigh, message: M,
  when: {any offer as offers: {stage: accepted}}}
weigh-one:
  {about: candidate, source: a, attaches: comparison, priority: normal, title: Weigh, message: M,
  when: {any offer: {stage: open}}}
"""
JOINED = {
    "sources": "articles: {a: A}",
    "acts": "acts: {ask: {means: Ask., with: [employer]}}",
    "agenda": """
        policy:
          {max_cards: 3, quiet_hours: none, digest: none, settling_time: 60s, endings_wait: 6h, last_chance: 24h,
          topics_off: none}
        cards:
          letter: {acts: [ask], per: employer, title: Write, message: "{{ items }} {{ openings }} {{ questions }}"}""",
    "own": """
        think:
          {about: offer, act: ask employer, source: a, priority: normal, message: M, when: {stage: open},
          title: "Think about {{ employer }}", opening: Thank you., question: "Why?"}
        wait:
          {about: offer, act: ask employer, source: a, priority: normal, message: M, when: {stage: open},
          title: Ask for time, item: "whether {{ employer }} can wait", question: "Can you wait?"}
        learn:
          {about: offer, act: ask employer, source: a, priority: normal, message: M, title: Learn more,
          when: {stage: open, title: known}, item: "what a {{ title }} does"}""",
}
ACME, GLOBEX = {"id": "acme", "name": "Acme"}, {"id": "globex", "name": "Globex"}
NOW = START + 24 * HOUR


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    folder: Path = tmp_path_factory.mktemp("rules")
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    (folder / "own.yaml").write_text(RULES)
    return CompiledEngine(load(folder))


@pytest.fixture(scope="module")
def joining(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    folder: Path = tmp_path_factory.mktemp("rules")
    for name, text in JOINED.items():
        (folder / f"{name}.yaml").write_text(text)
    return CompiledEngine(load(folder))


def offer(name: str = "o", employer: dict[str, str] = ACME, **more: Any) -> Event:
    return event("offer.extended", offer=name, employer=employer, respond_by="2026-03-09T12:00:00Z", **more)


def likes(**stated: Any) -> Event:
    return event("candidate.preferences", id=f"p-{stated}", **stated)


def advised(
    engine: CompiledEngine, *events: Event, state: bytes = b"", now: int = NOW
) -> tuple[bytes, dict[str, dict[str, Any]]]:
    """The advice as it is stored, and the changes by rule."""
    found = advise(engine, Case().fold(*events), state, tenant="t", key="c-1", now=now)
    return found.advice_state, {one.rule: one.data for one in found.changes}


def variables(engine: CompiledEngine, rule: str, *events: Event) -> RuleVariables:
    facts = facts_of(Case().fold(*events), "c-1")
    answer = answers(engine, facts)[rule]
    clock = facts.clock(answer.subject, private=answer.rule.audience == "candidate")
    return RuleVariables(answer, facts, answer.related_at(NOW), "normal", clock)


def answers(engine: CompiledEngine, facts: Facts) -> dict[str, Answer]:
    return {answer.rule.id: answer for answer in engine.answers(facts)}


# Employers


def test_the_texts_of_an_employer_have_no_variables_of_the_candidate(engine: CompiledEngine) -> None:
    """The rulebook refuses such a text; that they have none does not depend on it."""
    events = [offer(), likes(display_name="Maria Silva", time_zone="Europe/Berlin", has_family=True)]
    to_candidate, to_employer = (variables(engine, rule, *events) for rule in ("plan", "tell"))
    assert to_candidate.named(["candidate"])["candidate"]["has_family"] is True
    assert to_employer.named(["candidate"]) == {}
    assert to_employer.named(["has_family", "display_name", "time_zone"]) == {}
    assert (to_candidate.named(["internal", "stage"]), to_employer.named(["internal", "stage"])) == (
        {"internal": False, "stage": "open"},
        {"stage": "open"},
    )
    assert (to_candidate.named(["signature"]), to_employer.named(["signature"])) == (
        {"signature": "Maria Silva"}, {"signature": "[your name]"},
    )  # fmt: skip


def test_the_texts_of_an_employer_have_no_private_fields_of_what_they_relate_to(engine: CompiledEngine) -> None:
    talk = event("interview.scheduled", interview="i", employer=ACME, starts_at="2026-03-10T09:00:00Z")
    bag = event("interview.prepared", interview="i", step="bag")
    found = variables(engine, "meet", offer(), talk, bag).named(["interview", "interviews"])
    assert found["interviews"] == [found["interview"]]
    assert found["interview"]["employer"] == "Acme"
    private = {field.name.partition(".")[0] for field in KINDS["interview"].values() if field.private}
    assert "prepared" in private
    assert not private & set(found["interview"])


def leaf(known: Mapping[str, Any], name: str) -> Any:
    group, _, part = name.partition(".")
    return known.get(group, {}).get(part) if part else known.get(name)


def test_no_text_of_an_employer_has_a_private_field() -> None:
    for kind in ("offer", "interview", "application"):
        values: dict[str, Any] = {name: True for name, field in KINDS[kind].items() if field.type == "boolean"}
        values |= {name: 7 for name, field in KINDS[kind].items() if field.type == "number"}
        for private in (True, False):
            known = to_context(Entity(kind, "x", dict(values)), Clock(UTC), KINDS, private=private)
            shown = {name for name in values if leaf(known, name) is not None}
            assert shown == {name for name in values if private or not KINDS[kind][name].private}


def test_a_letter_of_an_employer_has_no_times_of_the_candidate(engine: CompiledEngine) -> None:
    _, found = advised(engine, offer(), likes(time_zone="Asia/Tokyo"))
    assert found["plan"]["message"] == "Asia/Tokyo"
    told = "Monday, 9 March 2026, 12:00 (UTC)"
    assert found["tell"]["message"] == f"By {told}"
    assert found["tell"]["drafts"][0]["body"].endswith(f", by {told}")


def test_what_a_candidate_prefers_changes_the_advice_of_the_candidate_alone(engine: CompiledEngine) -> None:
    before = [offer(), likes(time_zone="Asia/Tokyo")]
    state, _ = advised(engine, *before)
    _, found = advised(engine, *before, event("candidate.preferences", at=1, time_zone="Europe/Berlin"), state=state)
    assert {rule: data["change"] for rule, data in found.items() if rule != "weigh-one"} == {"plan": "updated"}
    assert found["plan"]["message"] == "Europe/Berlin"


# Charts


def test_only_a_rule_that_attaches_a_chart_has_one(engine: CompiledEngine) -> None:
    _, found = advised(engine, offer(), offer("p", GLOBEX))
    charts = {rule: data["comparison"] for rule, data in found.items()}
    assert {rule for rule, chart in charts.items() if chart is not None} == {"weigh-all", "weigh-one"}
    assert [option["offer"] for option in charts["weigh-all"]["options"]] == ["o", "p", None]
    assert "Staying put" in found["weigh-all"]["message"]


def test_a_chart_has_all_offers_that_its_rule_is_about(engine: CompiledEngine) -> None:
    _, found = advised(engine, offer(), offer("p", GLOBEX))
    assert [option["offer"] for option in found["weigh-one"]["comparison"]["options"]] == ["o", "p", None]


def test_a_chart_of_no_offers_is_that_of_staying(engine: CompiledEngine) -> None:
    _, found = advised(engine, offer(), event("offer.accepted", at=1, offer="o"))
    charts = {rule: [one["offer"] for one in data["comparison"]["options"]] for rule, data in found.items()}
    assert charts == {"weigh-alone": [None], "weigh-named": ["o", None]}


def test_a_chart_shows_names_without_what_turns_a_text_around(engine: CompiledEngine) -> None:
    turned = offer(title="Nur\u202ese"), offer("p", {"id": "globex", "name": "Glo\u202ebex"})
    _, found = advised(engine, *turned)
    chart, message = found["weigh-all"]["comparison"], found["weigh-all"]["message"]
    assert [option["label"] for option in chart["options"]] == ["Acme: Nurse", "Globex", "Staying put"]
    assert "\u202e" not in message


def test_a_chart_shows_the_beginning_of_a_long_name(engine: CompiledEngine) -> None:
    _, found = advised(engine, offer(title="x" * 200), offer("p", GLOBEX))
    label = found["weigh-all"]["comparison"]["options"][0]["label"]
    assert label == f"Acme: {'x' * 119}…"


def test_a_chart_names_each_offer_by_its_whole_id(engine: CompiledEngine) -> None:
    """Consumers find the offer by it; people read the label, whose beginning is enough."""
    long = event("offer.extended", id="long", offer="p" * 128)
    _, found = advised(engine, offer(), long)
    [nameless] = [one for one in found["weigh-all"]["comparison"]["options"] if one["offer"] == "p" * 128]
    assert nameless["label"] == f"Offer {'p' * 119}…"


def test_a_chart_changes_with_what_the_candidate_prefers(engine: CompiledEngine) -> None:
    events = [offer(), offer("p", GLOBEX)]
    state, _ = advised(engine, *events)
    _, found = advised(engine, *events, event("candidate.preferences", at=1, priorities=["pay"]), state=state)
    assert {"weigh-all", "weigh-one"} <= found.keys()


def test_a_chart_of_another_offer_with_the_same_terms_is_another_chart(engine: CompiledEngine) -> None:
    facts = facts_of(Case().fold(offer(), offer("p")), "c-1")
    answer, writer = answers(engine, facts)["weigh-one"], Writer(facts)
    related = [{"offer": [one]} for one in facts.of_kind("offer")]
    charts = [writer.words(answer, shown, "normal").comparison for shown in related]
    assert [chart and chart["options"][0]["offer"] for chart in charts] == ["o", "p"]
    assert len({writer.known(answer, shown, "normal", "1") for shown in related}) == 2


# Joined cards


def test_the_line_of_a_joined_card_names_what_its_title_names(joining: CompiledEngine) -> None:
    """Where the rule has no line of its own; its opening and its question are the same for everybody."""
    facts = facts_of(Case().fold(offer("o", ACME), offer("p", GLOBEX)), "c-1")
    found = {answer.subject.id: answer for answer in joining.answers(facts) if answer.rule.id == "think"}
    words = [joined_words(found[name], facts, {}, "normal") for name in ("o", "p")]
    assert [one.title for one in words] == ["Think about Acme", "Think about Globex"]
    assert {(one.item, one.opening, tuple(one.questions)) for one in words} == {("", "Thank you.", ("Why?",))}


def test_the_line_of_a_joined_card_is_that_of_the_rule_if_it_has_one(joining: CompiledEngine) -> None:
    facts = facts_of(Case().fold(offer()), "c-1")
    words = joined_words(answers(joining, facts)["wait"], facts, {}, "normal")
    assert (words.title, words.item, words.questions) == ("", "whether Acme can wait", ["Can you wait?"])


def test_a_joined_card_follows_what_it_alone_shows(joining: CompiledEngine) -> None:
    """The words of the recommendation itself stay as they are."""
    candidate = Candidate(joining.rulebook)
    candidate.at(0, offer(title="Nurse"))
    candidate.at(1)
    candidate.at(2, event("offer.updated", at=2, offer="o", title="Teacher"))
    candidate.at(3)
    shown = [change.data["cards"][0]["message"] for change in candidate.changes]
    assert [("Nurse" in text, "Teacher" in text) for text in shown] == [(True, False), (False, True)]


def test_what_texts_use_is_noted_by_its_value(engine: CompiledEngine) -> None:
    def noted(*events: Event, rule: str = "plan") -> str:
        facts = facts_of(Case().fold(*events), "c-1")
        answer = answers(engine, facts)[rule]
        return Writer(facts).known(answer, answer.related_at(NOW), "normal", "1")

    here, there = likes(time_zone="Europe/Berlin", has_family=True), likes(time_zone="Europe/Berlin", has_family=False)
    assert noted(offer(), here) == noted(here, offer())
    assert noted(offer(), here) != noted(offer(), there), "a text of the candidate may use it"
    assert noted(offer(), here, rule="tell") == noted(offer(), there, rule="tell"), "none of an employer may"


def test_a_text_that_shows_a_place_follows_each_part_of_it(engine: CompiledEngine) -> None:
    here = offer(location={"city": "Berlin"})
    state, _ = advised(engine, here)
    moved = event("offer.updated", at=1, offer="o", location={"city": "Hamburg"})
    _, found = advised(engine, here, moved, state=state)
    assert (found["place"]["change"], found["place"]["message"]) == ("updated", "In Hamburg")
