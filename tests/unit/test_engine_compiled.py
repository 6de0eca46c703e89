"""Single answers of the compiled evaluator: related facts in order, defined values in relations, the next change."""

from pathlib import Path
from typing import Any

import pytest

from signpost.case import Case
from signpost.case.instant import HOUR, format_instant
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.facts.facts import facts_of
from signpost.rulebook import load
from tests.support.workers_kit import START, event

HEAD = "  about: offer\n  source: a\n  priority: low\n  title: T\n"
RULES = f"""
choose:
{HEAD}  message: "{{{{ other.employer }}}}"
  when: {{stage: open, any other offer: {{stage: accepted}}}}
compare:
{HEAD}  message: M
  define: {{deadline: respond_by}}
  when: {{stage: open, any other offer: {{respond_by: after deadline, stage: accepted}}}}
meet:
{HEAD}  message: M
  params: {{near: 4h}}
  when: {{stage: open, any interview as meeting: {{starts_at: within near}}}}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    folder = tmp_path_factory.mktemp("rules")
    Path(folder, "sources.yaml").write_text("articles: {a: A}\n")
    Path(folder, "rules.yaml").write_text(RULES)
    return CompiledEngine(load(folder))


def answer(engine: CompiledEngine, rule: str, *events: Any) -> Answer | None:
    """The answer of a rule about the offer `o`."""
    facts = facts_of(Case().fold(*events), "c-1", engine.rulebook.vocabulary)
    return next((one for one in engine.answers(facts) if one.key == f"{rule}@offer/o"), None)


def offer(name: str, respond_by: float = 100) -> Any:
    return event("offer.extended", offer=name, respond_by=format_instant(START + round(respond_by * HOUR)))


def test_related_offers_come_in_the_order_of_their_acceptance(engine: CompiledEngine) -> None:
    """Texts name the earliest first, whatever the ids."""
    yeses = [event("offer.accepted", at=at, offer=name) for name, at in (("b", 2), ("a", 3), ("c", 1))]
    found = answer(engine, "choose", offer("o"), *map(offer, "abc"), *yeses)
    assert found is not None
    assert [[one.id for one in related] for related in found.related_at(START + 9 * HOUR).values()] == [["c", "b", "a"]]


def test_a_defined_value_is_the_subjects_and_the_conditions_beside_it_are_the_others(engine: CompiledEngine) -> None:
    yes = event("offer.accepted", at=1, offer="p")
    assert answer(engine, "compare", offer("o", 50), offer("p", 60), yes) is not None
    assert answer(engine, "compare", offer("o", 60), offer("p", 50), yes) is None


def test_a_related_fact_that_comes_or_goes_is_a_change_foretold(engine: CompiledEngine) -> None:
    """Its texts name other interviews from then on, although the advice stands all the time."""
    meetings = [
        event("interview.scheduled", interview=f"i-{at}", starts_at=format_instant(START + at * HOUR)) for at in (6, 8)
    ]
    found = answer(engine, "meet", offer("o"), *meetings)
    assert found is not None
    instants, now = [], START
    while (then := found.next_change(now)) is not None:
        now = then
        instants.append((now - START) / HOUR)
    assert instants == [2, 4, 6, 8]
