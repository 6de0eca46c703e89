"""Plays the history of a case again, event by event and threshold by threshold, as far as the case retains it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.authoring.backtest import History, Moment
from signpost.case import Case
from signpost.case.instant import format_instant
from signpost.case.order import FIRST, RECEIVED, STATED
from signpost.engine import CompiledEngine
from signpost.facts.values import milestone_offset

MAX_WORK: Final = 8_000
"""Entities evaluated: one to two seconds."""
ANSWERS: Final = "advice"
"""The kind of the registers that hold answers of consumers."""


@dataclass(slots=True)
class Past:
    """`moments`: every evaluation up to now that changed advice; `events`: instant -> the ids of its events; `known`:
    the case at the chosen instant; `is_complete`: whether the history was short enough to be played to its end."""

    known: LoadedCase
    moments: list[Moment] = field(default_factory=list)
    events: dict[int, list[str]] = field(default_factory=dict)
    is_complete: bool = True


def play(engine: CompiledEngine, tenant: str, history: History, at: int, now: int) -> Past:
    """The past of a case until `now`. `at`: the instant of `known`, with what was known then."""
    past = Past(LoadedCase(history.key, history.case(at)))
    case_set = CaseSet(engine, tenant, {})
    case, work = case_set.find(history.key), 0
    for instant, contribution in _arrivals(history, now):
        while case.next_change is not None and case.next_change <= instant and past.is_complete:
            work += _evaluate(case_set, case, case.next_change, past)
            past.is_complete = work < MAX_WORK
        if not past.is_complete:
            return past
        if contribution is not None:
            case.case = case.case.join(contribution)
            past.events.setdefault(instant, []).extend(sorted({stamp[2] for stamp in contribution.stamps()}))
            work += _evaluate(case_set, case, instant, past)
        if instant <= at:
            past.known.advice_state = case.advice_state
    return past


def _arrivals(history: History, now: int) -> Iterator[tuple[int, Case | None]]:
    """The steps until now, and now itself."""
    yield from ((instant, step) for instant, step in history.steps if instant <= now)
    yield now, None


def _evaluate(case_set: CaseSet, case: LoadedCase, instant: int, past: Past) -> int:
    """Evaluate the case; returns the work."""
    changes = [change for _, change in case_set.wake(case.key, instant)]
    if changes:
        past.moments.append(Moment(instant, changes, [], {}))
    return 1 + case.size


def told(case: Case, at: int) -> list[dict[str, Any]]:
    """The events up to an instant that still decide a fact, the latest first, each with what it stated."""
    events: dict[tuple[Any, ...], list[str]] = {}
    for kind, entities in case.registers.items():
        for entity, fields in entities.items():
            for name, (stamp, value) in fields.items():
                if stamp[0] <= at and not name.startswith(FIRST):
                    events.setdefault(tuple(stamp[:3]), []).append(_statement(kind, entity, name, value))
    return [
        {"at": format_instant(time), "source": source, "id": name, "states": sorted(set(states))}
        for (time, source, name), states in sorted(events.items(), reverse=True)
    ]


def _statement(kind: str, entity: str, name: str, value: Any) -> str:
    field_name = name.partition(STATED)[0].partition(RECEIVED)[0]
    owner = f"{kind}/{entity}" if entity else kind
    if kind == ANSWERS:
        return f"answer to {entity}: {value['answer']}"
    is_milestone = milestone_offset(value) is not None
    shown = "" if is_milestone or value is True or isinstance(value, dict | list) else f": {value}"
    return f"{owner} {field_name}{shown}"
