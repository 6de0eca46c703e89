"""What a card that joins several recommendations shows beside its words: its drafts, its employer, and why it is where
it is."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda import agenda_document, agendas
from signpost.advice.case_set import CaseSet
from signpost.engine import CompiledEngine
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook, load
from tests.support.agenda_kit import CANDIDATE
from tests.support.workers_kit import START, event

FILES = {
    "sources": "articles: {a: An article}\n",
    "acts": "acts: {answer: {means: Answer.}}\n",
    "agenda": """
policy:
  {max_cards: 3, quiet_hours: none, digest: none, settling_time: 60s, endings_wait: 6h, last_chance: 24h,
  topics_off: none}
cards:
  answer: {acts: [answer], per: case, title: Answer, message: Answer them.}
""",
    "answering": """
begin:
  {about: offer, act: answer, source: a, priority: high, title: Begin, message: M, params: {lead: 1d},
  when: {start_date: known}, due: lead before start_date}
write:
  {about: offer, act: answer, source: a, priority: normal, title: Write, message: M, when: {respond_by: known},
  due: respond_by, drafts: {note: {title: "To {{ employer }}", body: I will answer.}}}
""",
}
ACME, GLOBEX = {"id": "acme", "name": "Acme"}, {"id": "globex", "name": "Globex"}


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in FILES.items():
        Path(folder, f"{name}.yaml").write_text(text, "utf-8")
    return load(folder)


def card(rulebook: Rulebook, *offers: dict[str, Any]) -> dict[str, Any]:
    """The only card of the candidate with these offers."""
    cases = CaseSet(CompiledEngine(rulebook), "acme", {})
    for number, terms in enumerate(offers):
        cases.handle(event("offer.extended", at=0, offer=f"o{number}", **terms), START)
    basis = cases.find("c-1").basis
    assert basis is not None
    agenda = agendas(basis, Policy(), tenant="acme", key="c-1", now=START)[CANDIDATE]
    [found] = agenda_document(agenda, basis, START)["cards"]
    return dict(found)


def test_a_kind_without_drafts_has_those_of_its_first_recommendation_that_has_any(rulebook: Rulebook) -> None:
    found = card(rulebook, {"employer": ACME, "start_date": "2026-05-04", "respond_by": "2026-03-20T12:00:00Z"})
    assert (found["priority"], len(found["recommendations"])) == ("high", 2)
    assert found["drafts"] == [{"name": "note", "title": "To Acme", "body": "I will answer."}]


@pytest.mark.parametrize(("other", "named"), [(ACME, ACME), (GLOBEX, None)])
def test_a_card_names_an_employer_only_if_all_of_it_is_about_that(
    rulebook: Rulebook, other: dict[str, str], named: dict[str, str] | None
) -> None:
    found = card(rulebook, *({"employer": one, "start_date": "2026-05-04"} for one in (ACME, other)))
    assert (len(found["recommendations"]), found["employer"]) == (2, named)


@pytest.mark.parametrize(
    ("respond_by", "due"),
    [
        ("2026-03-20T12:00:00Z", "Friday, 20 March 2026, 12:00 (UTC)"),
        ("2026-03-20T00:00:00Z", "Friday, 20 March 2026, 00:00 (UTC)"),
    ],
)
def test_a_day_and_an_instant_on_one_card_are_each_shown_as_what_they_are(
    rulebook: Rulebook, respond_by: str, due: str
) -> None:
    """Beside a rule that names a day, midnight stays an instant; and a day is no midnight."""
    found = card(rulebook, {"employer": ACME, "start_date": "2026-05-04", "respond_by": respond_by})
    assert found["why_here"] == f"high priority, due {due}, useful until Sunday, 3 May 2026"
