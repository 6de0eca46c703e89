"""The caseload: cases in hand, and what an event or the passing of time does to them. Pure; storage and timelines
share it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from signpost.advice.advise import Engine, RecommendationChange, advise, carried, close
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.identity import is_taken, links, lives_on_under


@dataclass(slots=True)
class LoadedCase:
    """One case in hand. `merged_into`: the key under which it lives on; `touched`: whether it must be written back."""

    key: str
    case: Case = field(default_factory=Case)
    advice_state: bytes = b""
    merged_into: str | None = None
    next_change: int | None = None
    touched: bool = False


class CaseSet:
    """Handles the events of one tenant over the cases given; a key that is not given starts empty.

    `erased` collects the keys of which everything held must be deleted.
    """

    def __init__(self, engine: Engine, tenant: str, cases: Mapping[str, LoadedCase]) -> None:
        self.engine, self.tenant = engine, tenant
        self.cases = dict(cases)
        self.erased: list[str] = []

    def find(self, key: str) -> LoadedCase:
        """The case that a key leads to, merges followed."""
        last = lives_on_under(key, self.leads_to)
        return self.cases.setdefault(last, LoadedCase(last))

    def leads_to(self, key: str) -> str | None:
        """The key that a case was merged into, None where it was not."""
        case = self.cases.get(key)
        return None if case is None else case.merged_into

    def brought_together(self, event: Event) -> list[LoadedCase]:
        """The cases that are one after this event."""
        keys = [event.subject, *(key for link in links(event) if not is_taken(link[0], self.leads_to) for key in link)]
        return list({(case := self.find(key)).key: case for key in keys}.values())

    def handle(self, event: Event, now: int) -> list[tuple[str, RecommendationChange]]:
        """Fold one event and advise; gives (case key, change) in the order to tell them."""
        told: list[tuple[str, RecommendationChange]] = []
        for absorbed, into in links(event):
            told += self._link(absorbed, into, now)
        case = self.find(event.subject)
        if event.type == "candidate.erased":
            told += self._erase(case, now)
        case.case = case.case.fold(event)
        return told + self._advise(case, now)

    def wake(self, key: str, now: int) -> list[tuple[str, RecommendationChange]]:
        """Advise a case again because time has passed, or the rulebook has changed."""
        return self._advise(self.find(key), now)

    def _advise(self, case: LoadedCase, now: int) -> list[tuple[str, RecommendationChange]]:
        advised = advise(self.engine, case.case, case.advice_state, tenant=self.tenant, key=case.key, now=now)
        case.advice_state, case.next_change, case.touched = advised.advice_state, advised.next_change, True
        return [(case.key, change) for change in advised.changes]

    def _link(self, absorbed: str, into: str, now: int) -> list[tuple[str, RecommendationChange]]:
        """Two keys turn out to be one person. An application that already belongs to somebody stays where it is."""
        if is_taken(absorbed, self.leads_to):
            return []
        case, target = self.find(absorbed), self.find(into)
        if case is target:
            return []
        closed = close(
            self.engine, case.case, case.advice_state, tenant=self.tenant, key=case.key, now=now, reason="merged"
        )
        target.case, target.advice_state, target.touched = (
            target.case.join(case.case),
            carried(case.advice_state, target.advice_state),
            True,
        )
        self.cases[case.key] = LoadedCase(case.key, merged_into=target.key, touched=True)
        changes = [(case.key, change) for change in closed.changes]
        if target.case.erased_at is not None:
            self.erased.append(case.key)
            changes = [(key, _bare(change)) for key, change in changes]
        return changes if into == target.key and case.case.is_empty else changes + self._advise(target, now)

    def _erase(self, case: LoadedCase, now: int) -> list[tuple[str, RecommendationChange]]:
        """Tell consumers to forget, and note the key for the storage."""
        closed = close(
            self.engine, case.case, case.advice_state, tenant=self.tenant, key=case.key, now=now, reason="erased"
        )
        case.advice_state = b""
        self.erased.append(case.key)
        return [(case.key, _bare(change)) for change in closed.changes]


def _bare(change: RecommendationChange) -> RecommendationChange:
    """Without anything said about the candidate: ids and the fact that it is over."""
    change.data.update(title="", message="", steps=[], drafts=[], comparison=None, employer=None)
    change.data["explanation"]["because"] = []
    return change
