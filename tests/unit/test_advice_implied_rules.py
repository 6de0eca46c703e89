"""What `done` implies after the rulebook has changed: only what the rule of today says of what it is still about."""

from pathlib import Path

import pytest

from signpost.advice.case_set import CaseSet
from signpost.advice.records import active
from signpost.case import Event
from signpost.case.instant import HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.facts.facts import facts_of
from signpost.rulebook import load

NOW = parse_instant("2026-03-02T09:00:00Z")
RULE = """{}:
  about: {}
  source: a
  when: {{stage: {}}}
  implies: {{candidate.preferences: {{priorities: [pay]}}}}
  priority: low
  title: T
  message: M
"""


def engine_of(folder: Path, *rule: str) -> CompiledEngine:
    """The engine of one rule: its id, what it is about, and the stage that it asks for."""
    folder.mkdir()
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    (folder / "topic.yaml").write_text(RULE.format(*rule))
    return CompiledEngine(load(folder))


@pytest.fixture
def case_set(tmp_path: Path) -> CaseSet:
    """A case with advice about an offer that nobody has answered."""
    case_set = CaseSet(engine_of(tmp_path / "before", "weigh", "offer", "open"), "t", {})
    case_set.handle(Event("t", "s", "e", "offer.extended", NOW, "c-1", {"offer": "o"}), NOW)
    return case_set


def priorities_after_done(case_set: CaseSet) -> list[str] | None:
    """What the candidate cares for, once that advice is done."""
    [record] = active(case_set.find("c-1").advice_state).values()
    done = Event("t", "app", "done", "advice.done", NOW + HOUR, "c-1", {"recommendation": record.id})
    case_set.handle(done, NOW + HOUR)
    found: list[str] | None = facts_of(case_set.find("c-1").case, "c-1").candidate.values.get("priorities")
    return found


def test_the_rule_that_made_the_advice_says_what_it_implies(case_set: CaseSet) -> None:
    assert priorities_after_done(case_set) == ["pay"]


def test_a_rule_that_is_gone_implies_nothing(case_set: CaseSet, tmp_path: Path) -> None:
    case_set.engine = engine_of(tmp_path / "after", "other", "offer", "open")
    assert priorities_after_done(case_set) is None


def test_a_rule_that_is_about_something_else_by_now_implies_nothing(case_set: CaseSet, tmp_path: Path) -> None:
    case_set.engine = engine_of(tmp_path / "after", "weigh", "interview", "upcoming")
    assert priorities_after_done(case_set) is None
