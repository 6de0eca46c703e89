"""What a recommendation says of its reasons, on small rules: facts, absences, missing fields, differences."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import advise
from signpost.advice.records import load_records
from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.rulebook import load

NOW = parse_instant("2026-03-02T09:00:00Z")
RULES = """
silent:
  about: offer
  source: a
  when: {stage: open, no contact: {for: this one, by: candidate, channel: email}}
  priority: low
  title: T
  message: M
unheard:
  about: offer
  source: a
  when: {stage: open, no contact: {for: this one}}
  priority: low
  title: T
  message: M
few:
  about: offer
  source: a
  when: {stage: open, fewer than 3 other offers: {stage: open}}
  priority: low
  title: T
  message: M
rival:
  about: offer
  source: a
  when: {stage: open, any other offer: {title: known}}
  priority: low
  title: T
  message: M
ask:
  about: offer
  source: a
  when:
    stage: open
    any unknown: [title, start_date, benefits.dental]
  priority: low
  title: Ask
  message: "{{ missing | listed }}"
letter:
  about: offer
  source: a
  when: {letter: received}
  priority: low
  title: Compare
  message: "{% for one in letter_differences %}{{ one.field }}: {{ one.offer }} / {{ one.letter }}. {% endfor %}"
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    return load_from(tmp_path_factory.mktemp("rules"), "topic", RULES)


def load_from(folder: Path, topic: str, text: str, acts: str = "") -> CompiledEngine:
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    (folder / f"{topic}.yaml").write_text(text)
    if acts:
        (folder / "acts.yaml").write_text(acts)
    return CompiledEngine(load(folder))


def offer(name: str = "o", type_: str = "offer.extended", hour: int = 0, **data: Any) -> Event:
    return Event("t", "s", f"{type_}.{name}", type_, NOW + hour * HOUR, "c-1", {"offer": name, **data})


def raised(engine: CompiledEngine, rule: str, *events: Event, about: str = "o") -> dict[str, Any]:
    """The data of what a rule raises about an offer."""
    result = advise(engine, Case().fold(*events), b"", tenant="t", key="c-1", now=NOW + 9 * HOUR)
    [found] = [one.data for one in result.changes if one.rule == rule and one.subject == f"offer/{about}"]
    return found


def because(engine: CompiledEngine, rule: str, *events: Event) -> dict[str, Any]:
    return {one["fact"]: one["value"] for one in raised(engine, rule, *events)["explanation"]["because"]}


def reason(engine: CompiledEngine, rule: str, fact: str, *events: Event) -> dict[str, Any]:
    """One of the reasons, whole."""
    [found] = [one for one in raised(engine, rule, *events)["explanation"]["because"] if one["fact"] == fact]
    return dict(found)


def test_an_absence_is_a_reason_in_words(engine: CompiledEngine) -> None:
    found = because(engine, "silent", offer())
    assert [name for name in found if name.startswith("no ")] == ["no contact with the by, channel asked for"]
    assert [name for name in because(engine, "unheard", offer()) if name.startswith("no ")] == ["no contact"]
    assert [name for name in because(engine, "few", offer()) if "fewer" in name] == [
        "fewer than 3 other offers with the stage asked for"
    ]


def test_an_absence_is_known_and_no_event_stated_it(engine: CompiledEngine) -> None:
    assert reason(engine, "unheard", "no contact", offer()) == {
        "fact": "no contact",
        "value": 0,
        "unknown": False,
        "event": None,
    }


def test_of_a_related_entity_the_facts_are_its_own(engine: CompiledEngine) -> None:
    found = because(engine, "rival", offer(title="Cook"), offer("p", title="Chef"))
    assert "Chef" in found.values()
    assert "Cook" not in found.values()


def test_what_is_missing_is_named_and_nothing_else(engine: CompiledEngine) -> None:
    assert raised(engine, "ask", offer(title="Cook"))["message"] == "start date and dental"
    assert raised(engine, "ask", offer(title="Cook", start_date="2026-05-04"))["message"] == "dental"


def test_a_letter_is_compared_with_its_offer(engine: CompiledEngine) -> None:
    letter = offer("o", "offer.letter_received", 1, letter={"title": "Chef", "workplace": "onsite"})
    found = raised(engine, "letter", offer(title="Cook", workplace="onsite"), letter)
    assert found["message"].strip() == "title: Cook / Chef."


def test_an_episode_has_the_topic_of_the_rules_that_begin_it(tmp_path: Path) -> None:
    """Consumers bind their queues by topic."""
    acts = "acts: {wait: {means: W, replaces: {anywhere: [go]}}, go: {means: G}}\n"
    rule = "{}: {{about: offer, act: {}, source: a, when: {{stage: open}}, priority: low, title: T, message: M}}\n"
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    before = load_from(tmp_path / "first", "early", rule.format("waiting", "wait") + rule.format("going", "go"), acts)
    after = load_from(tmp_path / "second", "late", rule.format("going", "go"), acts)
    case = Case().fold(offer())
    first = advise(before, case, b"", tenant="t", key="c-1", now=NOW)
    assert [(one.rule, one.topic) for one in first.changes] == [("waiting", "early")]
    second = advise(after, case, first.advice_state, tenant="t", key="c-1", now=NOW + HOUR)
    assert [(one.rule, one.topic) for one in second.changes if one.change == "raised"] == [("going", "late")]


FEEDBACK = """
ask:
  about: offer
  source: a
  when: {stage: open}
  params: {late: 2h}
  priority: {low: from the start, high: late after extended_at}
  title: It is {{ priority }}
  message: M
"""


def test_what_a_snooze_hides_ends_once(tmp_path: Path) -> None:
    """Its time has passed as well, but nothing comes back that is over."""
    engine, case = load_from(tmp_path, "topic", FEEDBACK), Case().fold(offer())
    first = advise(engine, case, b"", tenant="t", key="c-1", now=NOW)
    answer = {"recommendation": first.changes[0].id, "until": "2026-03-02T10:30:00Z"}
    snoozed = case.fold(Event("t", "s", "f", "advice.snoozed", NOW, "c-1", answer))
    second = advise(engine, snoozed, first.advice_state, tenant="t", key="c-1", now=NOW + HOUR)
    assert [one.change for one in second.changes] == ["snoozed"]
    over = snoozed.fold(offer("o", "offer.declined", 3))
    third = advise(engine, over, second.advice_state, tenant="t", key="c-1", now=NOW + 3 * HOUR)
    assert [one.change for one in third.changes] == ["resolved"]


def test_a_title_follows_the_priority(tmp_path: Path) -> None:
    engine, case = load_from(tmp_path, "topic", FEEDBACK), Case().fold(offer())
    state, titles = b"", []
    for hours in (0, 2):
        result = advise(engine, case, state, tenant="t", key="c-1", now=NOW + hours * HOUR)
        state = result.advice_state
        titles.append(load_records(state)["ask@offer/o"].title)
    assert titles == ["It is low", "It is high"]
