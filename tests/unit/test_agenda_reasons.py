"""Why a card is where it is, in words: a day on which something is due lasts until its end, an instant does not."""

from pathlib import Path

import pytest

from signpost.advice.agenda import agenda_document, agendas
from signpost.advice.case_set import CaseSet
from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine
from signpost.facts.policy import Policy
from signpost.rulebook import load
from tests.support.agenda_kit import CANDIDATE, offer
from tests.support.workers_kit import START, event

RULE = """
begin:
  {about: offer, source: a, title: Begin, message: M, priority: normal, when: {stage: open},
  params: {lead: LEAD}, due: lead before start_date}
"""


def why_here(folder: Path, lead: str, now: str, *, zone: str = "Europe/Berlin") -> str:
    """The reason of the card about an offer that begins on Monday, 4 May 2026, where the candidate lives."""
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    (folder / "beginning.yaml").write_text(RULE.replace("LEAD", lead))
    cases = CaseSet(CompiledEngine(load(folder)), "acme", {})
    cases.handle(event("candidate.preferences", at=0, time_zone=zone), START)
    cases.handle(offer(respond_by=None, start_date="2026-05-04"), START)
    basis, instant = cases.find("c-1").basis, parse_instant(now)
    assert basis is not None
    agenda = agendas(basis, Policy(), tenant="acme", key="c-1", now=instant)[CANDIDATE]
    [card] = agenda_document(agenda, basis, instant)["cards"]
    return str(card["why_here"])


@pytest.mark.parametrize(
    ("lead", "now", "reason"),
    [
        ("1d", "2026-05-03T21:00:00Z", "due Sunday, 3 May 2026"),
        ("1d", "2026-05-03T22:00:00Z", "was due Sunday, 3 May 2026"),
        ("12h", "2026-05-03T09:00:00Z", "due Sunday, 3 May 2026, 12:00"),
        ("12h", "2026-05-03T10:00:00Z", "was due Sunday, 3 May 2026, 12:00"),
    ],
)
def test_half_a_day_before_a_day_is_an_instant(tmp_path: Path, lead: str, now: str, reason: str) -> None:
    assert why_here(tmp_path, lead, now) == f"normal priority, {reason}"


OTHERS = """
weigh:
  {about: offer, source: a, title: Weigh, message: M, priority: normal, weight: 90, when: {stage: open},
  due: respond_by}
"""


@pytest.mark.parametrize(
    ("now", "is_first"),
    [
        ("2026-05-02T22:00:00Z", True),  # the day begins
        ("2026-05-03T21:59:59Z", True),
        ("2026-05-03T22:00:00Z", False),  # it is over
    ],
)
def test_what_is_due_on_a_day_is_not_held_back_on_that_day(tmp_path: Path, now: str, is_first: bool) -> None:
    """Others have a later time and more weight, and they fill the agenda."""
    (tmp_path / "sources.yaml").write_text("articles: {a: An article}\n")
    (tmp_path / "beginning.yaml").write_text(RULE.replace("LEAD", "1d") + OTHERS)
    cases = CaseSet(CompiledEngine(load(tmp_path)), "acme", {})
    cases.handle(event("candidate.preferences", at=0, time_zone="Europe/Berlin"), START)
    for name in ("b", "c", "d"):
        cases.handle(event("offer.extended", offer=name, respond_by="2026-05-05T12:00:00Z"), START)
    cases.handle(offer(respond_by=None, start_date="2026-05-04"), START)
    basis, instant = cases.find("c-1").basis, parse_instant(now)
    assert basis is not None
    agenda = agendas(basis, Policy(max_cards=2), tenant="acme", key="c-1", now=instant)[CANDIDATE]
    shown = [item.key for card in agenda.cards for item in card.items]
    assert (shown[0] == "begin@offer/o") is is_first
    assert ("begin@offer/o" in {one.item.key for one in agenda.held}) is not is_first
