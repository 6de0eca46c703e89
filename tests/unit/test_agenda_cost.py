"""The agenda costs little beside the evaluation. Counts calls of Python functions: times vary with the machine."""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from signpost.advice.case_set import CaseSet
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.reader import TENANT, Timeline
from signpost.storage import CaseRow
from signpost.workers.agendas import update_agendas
from signpost.workers.case_rows import EmittedChange, prepare
from tests.support.long_suite import some
from tests.support.rulebooks import RULES, shipped_engine

JOURNEYS = RULES / "timelines" / "several-offers.yaml"
MOST = 0.25
"""Calls of the agenda for each of the evaluation; it was 0.37 while every publication rendered all words again."""
ENGINE = shipped_engine()


class Calls:
    """Counts the calls of Python functions in what it runs."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, work: Callable[[], Any]) -> Any:
        """The result of `work`."""
        sys.setprofile(self._note)
        try:
            return work()
        finally:
            sys.setprofile(None)

    def _note(self, _frame: FrameType, event: str, _argument: object) -> None:
        self.count += event == "call"


def play(timeline: Timeline, evaluation: Calls, agenda: Calls) -> int:
    """Handle each event like an advisor, in memory; returns how many agendas were published."""
    cases, rows, published = CaseSet(ENGINE, TENANT, {}), dict[str, CaseRow](), 0
    for arrival in timeline.arrivals:
        now = arrival.at
        cases.apply(arrival.event, now)
        evaluation.of(partial(advise, cases, now))
        for case in cases.cases.values():
            row = rows.setdefault(case.key, CaseRow(TENANT, case.key))
            row.updated, row.next_change = now, case.next_change
        published += len(agenda.of(partial(update_agendas, [cases], list(rows.values()))).messages)
    return published


def advise(cases: CaseSet, now: int) -> None:
    """Evaluate the changed cases, with the messages of their changes."""
    for key, change in cases.advise(now):
        prepare(EmittedChange(TENANT, key, change))


def test_the_agenda_costs_little_beside_the_evaluation() -> None:
    timelines = some(find_timelines([JOURNEYS]), 4)
    for timeline in timelines:
        play(timeline, Calls(), Calls())  # compiles the texts
    evaluation, agenda = Calls(), Calls()
    published = sum(play(timeline, evaluation, agenda) for timeline in timelines)
    assert published > len(timelines)
    assert agenda.count <= MOST * evaluation.count, f"{agenda.count / evaluation.count:.3f}"
