"""Plays events of one candidate and shows the agendas as a person reads them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from signpost.advice.agenda import agenda_document, agendas
from signpost.advice.case_set import CaseSet
from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine
from signpost.rulebook import Rulebook
from signpost.schemas import load_own_event
from tests.support.rulebooks import shipped

RULES = Path(__file__).parents[2] / "rules"
OURS = shipped()
TENANT, CANDIDATE = "acme", "maria"
Happening = tuple[str, str, Mapping[str, Any]]
"""(when, short type, data): `2026-03-02T10:00:00Z`, `offer.extended`, ..."""


def play(happenings: Iterable[Happening], now: str, rulebook: Rulebook = OURS) -> dict[str, dict[str, Any]]:
    """Reader -> agenda, after these events, at an instant: `candidate`, `employer acme`."""
    case_set = CaseSet(CompiledEngine(rulebook), TENANT, {})
    for number, (time, type_, data) in enumerate(happenings):
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "ats",
            "subject": CANDIDATE,
            "tenant": TENANT,
        }
        event |= {"type": f"signpost.{type_}.v1", "time": time, "data": data}
        case_set.handle(load_own_event(event), parse_instant(time))
    instant = parse_instant(now)
    case_set.wake(CANDIDATE, instant)
    basis = case_set.find(CANDIDATE).basis
    assert basis is not None
    found = agendas(basis, rulebook.policy, tenant=TENANT, key=CANDIDATE, now=instant)
    return {
        f"{reader.audience} {reader.employer}".strip(): agenda_document(agenda, basis, instant)
        for reader, agenda in found.items()
    }


def as_text(documents: Mapping[str, dict[str, Any]]) -> str:
    """All agendas, whole."""
    return "\n".join(line.rstrip() for reader, one in documents.items() for line in (f"== {reader}", *_lines(one)))


def _lines(document: dict[str, Any]) -> Iterable[str]:
    for number, card in enumerate(document["cards"], 1):
        yield from ("", f"{number}. {card['title']}  [{card['why_here']}]", "", *card["message"].splitlines(), "")
        yield from (f"- {step}" for step in card["steps"])
        for draft in card["drafts"]:
            yield from ("", f"Draft: {draft['title']}", *(f"| {line}" for line in draft["body"].splitlines()))
    yield ""
    yield from (f"held: {one['title']} ({one['reason']})" for one in document["held"])
    yield from ([""] if document["held"] else [])
