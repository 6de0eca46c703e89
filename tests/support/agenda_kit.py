"""One case and its agendas on four small rules, with exact instants in hours after START."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signpost.advice.agenda import AgendaChange, AgendaUpdate, Reader, agendas, update
from signpost.advice.case_set import CaseSet
from signpost.case import Event
from signpost.case.instant import HOUR, format_instant
from signpost.engine import CompiledEngine
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook, load
from tests.support.workers_kit import START, event

CANDIDATE, ACME = Reader("candidate"), Reader("employer", "acme")
RULES = """
ask:
  about: offer
  source: a
  title: Ask {{ employer }}
  message: M
  params: {soon: 2h}
  priority: {normal: from the start, urgent: {respond_by: within soon}}
  due: respond_by
  when: {stage: open, respond_by: ahead}
"""
PAY = """
negotiate:
  about: offer
  source: a
  title: Negotiate with {{ employer }}
  message: M
  params: {while_new: 2d}
  priority: high
  when: {stage: open, negotiable: true}
  valid: for while_new after extended_at
"""
OTHERS = """
sign:
  about: offer
  source: a
  title: Sign the letter of {{ employer }}
  message: M
  priority: urgent
  when: {letter: received}
plan:
  about: candidate
  source: a
  title: Plan with your family
  message: M
  priority: low
  when: {has_family: true}
"""
EMPLOYERS = """
explain:
  audience: employer
  about: offer
  source: a
  title: Explain the offer
  message: M
  priority: low
  when: {stage: open}
"""


def load_small_rules(folder: Path) -> Rulebook:
    """The rulebook of these rules."""
    files = {
        "sources": "articles: {a: An article}\n",
        "asking": RULES,
        "pay": PAY,
        "employers": EMPLOYERS,
        "others": OTHERS,
    }
    for name, text in files.items():
        Path(folder, f"{name}.yaml").write_text(text, "utf-8")
    return load(folder)


@dataclass
class Candidate:
    """One case and what of its agendas was published; times are in hours after START, 09:00 UTC on a Monday."""

    rulebook: Rulebook
    policy: Policy = field(default_factory=Policy)
    state: bytes = b""
    changes: list[AgendaChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cases = CaseSet(CompiledEngine(self.rulebook), "acme", {})

    def at(self, hours: float, *events: Event) -> AgendaUpdate:
        """Handle events, or let time pass."""
        now = START + round(hours * HOUR)
        for one in events:
            self.cases.apply(one, now)
        self.cases.advise(now) if events else self.cases.wake("c-1", now)
        result = update(self.state, self.cases.find("c-1").basis, self.policy, tenant="acme", key="c-1", now=now)
        self.state = result.state
        self.changes += result.changes
        return result

    def shown(self, hours: float, reader: Reader = CANDIDATE) -> tuple[list[str], list[tuple[str, str, float | None]]]:
        """`RULE OFFER` of each card, with its priority if time has changed it; and of what is held, with the reason
        and the hour at which that ends."""
        basis = self.cases.find("c-1").basis
        assert basis is not None
        now = START + round(hours * HOUR)
        agenda = agendas(basis, self.policy, tenant="acme", key="c-1", now=now)[reader]
        cards = [
            f"{item.rule.id} {item.subject.id}{' last chance' * card.is_last_chance}"
            for card in agenda.cards
            for item in card.items
        ]
        held = [
            (f"{one.item.rule.id} {one.item.subject.id}", one.reason, one.until and (one.until - START) / HOUR)
            for one in agenda.held
        ]
        return cards, held


def offer(name: str = "o", at: float = 0, respond_by: float | None = 100, **more: Any) -> Event:
    """An offer of Acme that must be answered, by default after 100 hours."""
    times = {} if respond_by is None else {"respond_by": format_instant(START + round(respond_by * HOUR))}
    return event("offer.extended", at=at, offer=name, employer={"id": "acme", "name": "Acme"}, **times, **more)


def of(changes: list[AgendaChange], reader: Reader = CANDIDATE) -> list[AgendaChange]:
    """The changes of one reader."""
    return [change for change in changes if change.reader == reader]
