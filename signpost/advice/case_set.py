"""Applies events and the passing of time to a set of loaded cases. Pure: the workers and the timelines share it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signpost.advice.advise import AdviceResult, Engine, RecommendationChange, advise, close
from signpost.advice.basis import Basis
from signpost.advice.implied import implied_events
from signpost.advice.records import merge_records
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.identity import APPLICATION, follow, is_taken, links, lives_on_under


@dataclass(slots=True)
class LoadedCase:
    """One loaded case. `merged_into`: the key of the case that absorbed it; `evaluated_at`: the instant of its stored
    evaluation (microseconds; 0: none), before which it is not evaluated again; `touched`: whether it must be saved;
    `basis`: what its latest evaluation found, if it was evaluated."""

    key: str
    case: Case = field(default_factory=Case)
    advice_state: bytes = b""
    merged_into: str | None = None
    next_change: int | None = None
    evaluated_at: int = 0
    touched: bool = False
    basis: Basis | None = None

    @property
    def size(self) -> int:
        """Number of entities: the work of one evaluation grows with it."""
        return sum(map(len, self.case.registers.values()))

    def instant(self, now: int) -> int:
        """When to evaluate it: now, unless the clock of another process is ahead of this one's."""
        return max(now, self.evaluated_at)


class CaseSet:
    """Handles the events of one tenant over the given cases; any other key starts empty.

    `erased` collects the keys whose stored data must be deleted, with what each case held. Events of one case can be
    folded together and evaluated once: `apply` each, then `advise`.
    """

    def __init__(self, engine: Engine, tenant: str, cases: Mapping[str, LoadedCase]) -> None:
        self.engine, self.tenant = engine, tenant
        self.cases = dict(cases)
        self.erased: dict[str, Case] = {}
        self._stale: dict[str, None] = {}

    def find(self, key: str) -> LoadedCase:
        """The case of a key; follows merges."""
        last = lives_on_under(key, self.leads_to)
        return self.cases.setdefault(last, LoadedCase(last))

    @property
    def waiting(self) -> int:
        """Number of changed cases that `advise` has still to evaluate."""
        return len({self.find(key).key for key in self._stale})

    def leads_to(self, key: str) -> str | None:
        """The key that a case was merged into; None if it was not merged."""
        case = self.cases.get(key)
        return None if case is None else case.merged_into

    def cases_joined_by(self, event: Event) -> list[LoadedCase]:
        """The cases that this event joins into one."""
        keys = [event.subject, *(key for link in links(event) if not is_taken(link[0], self.leads_to) for key in link)]
        return list({(case := self.find(key)).key: case for key in keys}.values())

    def handle(self, event: Event, now: int) -> list[tuple[str, RecommendationChange]]:
        """Fold one event and advise; returns (case key, change) in publication order."""
        return self.apply(event, now) + self.advise(now)

    def apply(self, event: Event, now: int) -> list[tuple[str, RecommendationChange]]:
        """Fold one event; returns the changes that end advice of a merged or erased case. `advise` returns the rest."""
        changes: list[tuple[str, RecommendationChange]] = []
        # Only a vendor's event has an order. A vendor that joins two records of a person deletes one of them, before or
        # after it says that they are joined, and the person is not erased by that.
        is_of_vendor = event.order is not None
        if is_of_vendor and event.type == "candidate.erased" and self._is_merged(event.subject):
            return changes
        if is_of_vendor and event.type == "candidate.merged" and not (gone := self.find(event.subject)).case.registers:
            gone.case = Case()
        for absorbed, into in links(event):
            changes += self._link(absorbed, into, now)
        case = self.find(event.subject)
        if event.type == "candidate.erased":
            changes += self._erase(case, now)
        implied = implied_events(event, case.case, case.key, case.advice_state, self.engine.rulebook)
        case.case = case.case.fold(event, *implied)
        self._stale[case.key] = None
        return changes

    def _is_merged(self, key: str) -> bool:
        """Whether the candidate of a key, or of its application, was merged into another one."""
        *before, _ = follow(key, self.leads_to)
        return any(not one.startswith(APPLICATION) for one in before)

    def advise(self, now: int) -> list[tuple[str, RecommendationChange]]:
        """Advise the cases that `apply` has changed, once."""
        stale = {self.find(changed).key: None for changed in self._stale}
        self._stale = {}
        return [change for changed in stale for change in self._advise(self.find(changed), now)]

    def wake(self, key: str, now: int) -> list[tuple[str, RecommendationChange]]:
        """Advise a case again because time has passed or the rulebook has changed."""
        return self._advise(self.find(key), now)

    def _advise(self, case: LoadedCase, now: int) -> list[tuple[str, RecommendationChange]]:
        at = case.instant(now)
        result = advise(self.engine, case.case, case.advice_state, tenant=self.tenant, key=case.key, now=at)
        case.advice_state, case.next_change, case.touched = result.advice_state, result.next_change, True
        case.basis = result.basis
        return [(case.key, change) for change in result.changes]

    def _link(self, absorbed: str, into: str, now: int) -> list[tuple[str, RecommendationChange]]:
        """Merge two cases of one person. An application that already belongs to a candidate is not moved, unless that
        candidate has been erased: then it is the survivor's."""
        case, target = self.find(absorbed), self.find(into)
        if case is target:
            return []
        if is_taken(absorbed, self.leads_to):
            if case.case.erased_at is None or case.case.registers:
                return []
            case = self.cases[absorbed] = LoadedCase(absorbed)
        result = self._close(case, now, "merged")
        target.case, target.advice_state, target.touched = (
            target.case.join(case.case),
            merge_records(case.advice_state, target.advice_state, case.key, target.key),
            True,
        )
        self.cases[case.key] = LoadedCase(case.key, merged_into=target.key, touched=True)
        changes = [(case.key, change) for change in result.changes]
        if target.case.erased_at is not None:
            self.erased[case.key] = case.case
            for _, change in changes:
                remove_content(change.data)
        self._stale[target.key] = None
        return changes

    def _erase(self, case: LoadedCase, now: int) -> list[tuple[str, RecommendationChange]]:
        """Resolve all advice, and add the key to `erased`."""
        result = self._close(case, now, "erased")
        case.advice_state = b""
        self.erased[case.key] = case.case
        for change in result.changes:
            remove_content(change.data)
        return [(case.key, change) for change in result.changes]

    def _close(self, case: LoadedCase, now: int, reason: str) -> AdviceResult:
        at, state = case.instant(now), case.advice_state
        return close(self.engine, case.case, state, tenant=self.tenant, key=case.key, now=at, reason=reason)


def remove_content(data: dict[str, Any]) -> None:
    """Remove all content about the candidate from a published recommendation; ids and the end of the advice remain."""
    data.update(title="", message="", steps=[], drafts=[], comparison=None, employer=None)
    data["explanation"]["because"] = []
