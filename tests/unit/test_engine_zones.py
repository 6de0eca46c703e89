"""Days of an employer's rule begin where the employer can know of: never in the time zone that only the candidate
knows. In both engines."""

from pathlib import Path

import pytest

from signpost.case import Case, Event
from signpost.case.instant import DAY, HOUR, parse_instant
from signpost.engine import COMPILED, DURABLE, CompiledEngine, DurableEngine, make_engine
from signpost.facts.facts import Facts, facts_of
from signpost.rulebook import load

FIELDS = "fields:\n  offer:\n    ends_on: {type: date, visible_to: employer}\n"
RULES = """
{audience}-soon:
  about: offer
  audience: {audience}
  source: a
  params: {{near: 2d}}
  when: {{stage: open, ends_on: within near}}
  priority: normal
  title: T
  message: M
"""
ENDS = parse_instant("2026-03-20T00:00:00Z")
OFFER = Event(
    "acme", "ats", "e", "offer.extended", ENDS - 9 * DAY, "c-1", {"offer": "o", "custom": {"ends_on": "2026-03-20"}}
)
ZONE = Event("acme", "ats", "f", "candidate.preferences", ENDS - 9 * DAY, "c-1", {"time_zone": "Pacific/Kiritimati"})


@pytest.fixture(params=[COMPILED, pytest.param(DURABLE, marks=pytest.mark.durable_rules)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> CompiledEngine | DurableEngine:
    (tmp_path / "sources.yaml").write_text("articles: {a: A}\n")
    (tmp_path / "fields.yaml").write_text(FIELDS)
    (tmp_path / "rules.yaml").write_text("".join(RULES.format(audience=name) for name in ("candidate", "employer")))
    return make_engine(request.param, load(tmp_path))


def holding(engine: CompiledEngine | DurableEngine, facts: Facts, now: int) -> set[str]:
    found = engine.matches(facts, now)
    if isinstance(engine, DurableEngine):
        assert engine.library_matches(facts, now) == found, "not only the compiled answer"
    return {match.rule for match in found}


def test_only_the_candidates_rule_begins_its_days_where_the_candidate_lives(
    engine: CompiledEngine | DurableEngine,
) -> None:
    vocabulary = engine.rulebook.vocabulary
    known = facts_of(Case().fold(OFFER), "c-1", vocabulary)
    with_zone = facts_of(Case().fold(OFFER, ZONE), "c-1", vocabulary)
    begin_there, begin_here = ENDS - 2 * DAY - 14 * HOUR, ENDS - 2 * DAY
    seen: dict[int, tuple[set[str], set[str]]] = {
        now: (holding(engine, known, now), holding(engine, with_zone, now))
        for now in (begin_there - 1, begin_there, begin_here - 1, begin_here)
    }
    both = {"candidate-soon", "employer-soon"}
    assert seen == {
        begin_there - 1: (set(), set()),
        begin_there: (set(), {"candidate-soon"}),
        begin_here - 1: (set(), {"candidate-soon"}),
        begin_here: (both, both),
    }


def test_an_explanation_begins_days_where_the_rule_does(engine: CompiledEngine | DurableEngine) -> None:
    facts = facts_of(Case().fold(OFFER, ZONE), "c-1", engine.rulebook.vocabulary)
    for answer in engine.answers(facts):
        assert engine.answer_about(answer.rule.id, answer.subject, facts).intervals == answer.intervals
