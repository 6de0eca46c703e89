"""Forecasts what time alone changes of the advice to a case, from one `next_change` to the next. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Final, TypedDict

from signpost.advice.advise import Engine, RecommendationChange
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.document import urgency
from signpost.advice.replay import ReplayedChange
from signpost.case.instant import DAY, format_instant
from signpost.engine.compiled import Answer, Match
from signpost.errors import CallerError
from signpost.facts.facts import Entity, Facts

DEFAULT_HORIZON_US: Final = 30 * DAY
MAX_HORIZON_US: Final = 400 * DAY
MAX_CHANGES: Final = 10_000
MAX_WORK: Final = 8_000
"""Entities evaluated in one forecast: one to five seconds."""
_CURSOR: Final = re.compile(r"(0|[1-9][0-9]{0,17})\.([1-9][0-9]{0,4})")


class ForecastTooLarge(CallerError):
    """The forecast has too many changes, or would take too long."""


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Whose advice a forecast shows. `audience`: None for all; `employer`: only the advice to the employer of this
    id."""

    audience: str | None = None
    employer: str | None = None

    def may_see(self, change: RecommendationChange) -> bool:
        """whether it shows a change."""
        if self.audience not in (None, change.audience):
            return False
        return self.employer is None or (change.data["employer"] or {}).get("id") == self.employer


class ForecastItem(TypedDict):
    """One change of a recommendation and its instant (RFC 3339). `reason`: why it ends; null unless it does."""

    at: str
    change: str
    recommendation: str
    sequence: int
    audience: str
    rule: str
    subject: dict[str, str]
    employer: dict[str, Any] | None
    title: str
    priority: str
    due: str | None
    reason: str | None


class ForecastPage(TypedDict):
    """What changes from `at` to `until` if nothing else happens: `items` in order of time, at one instant the most
    urgent first. `next`: the cursor of the next page; null if there is none."""

    candidate: str
    at: str
    until: str
    rulebook: str
    items: list[ForecastItem]
    next: str | None


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a forecast: after the first `count` items at an instant (microseconds)."""

    at: int
    count: int

    def __str__(self) -> str:
        """The cursor."""
        return f"{self.at}.{self.count}"


def parse_position(cursor: str) -> Position:
    """The position of a cursor. Raises ValueError for any other text."""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise ValueError(f"{cursor!r} is no cursor of a forecast")
    return Position(int(match[1]), int(match[2]))


def forecast(engine: Engine, tenant: str, case: LoadedCase, now: int, until: int) -> Iterator[ReplayedChange]:
    """The changes of a case from `now` to `until` (microseconds) if nothing else happens, in order of time, at one
    instant the most urgent first. What is due already changes at `now`.

    Changes `case`, so pass a copy. Raises ForecastTooLarge.
    """
    case_set = CaseSet(_OneEvaluation(engine), tenant, {case.key: case})
    at, work, count = now, 0, 0
    while at <= until:
        work += 1 + case.size
        changes = [change for _, change in case_set.wake(case.key, at)]
        count += len(changes)
        if work > MAX_WORK or count > MAX_CHANGES:
            raise ForecastTooLarge(f"the forecast takes too much work beyond {format_instant(at)}")
        yield from (ReplayedChange(at, case.key, change) for change in _most_urgent_first(changes))
        if case.next_change is None:
            return
        at = case.next_change


def forecast_page(
    engine: Engine,
    tenant: str,
    case: LoadedCase,
    now: int,
    until: int,
    *,
    chosen: ChangeFilter = ChangeFilter(),
    after: Position | None = None,
    limit: int,
) -> ForecastPage:
    """At most `limit` changes that `chosen` may see, of those after a position. See `forecast`."""
    seen = (found for found in forecast(engine, tenant, case, now, until) if chosen.may_see(found.change))
    places = _after(_with_positions(seen), after)
    page = list(islice(places, limit))
    is_last = next(places, None) is None
    return {
        "candidate": case.key,
        "at": format_instant(now),
        "until": format_instant(until),
        "rulebook": engine.rulebook.version,
        "items": [_item(found) for _, found in page],
        "next": None if is_last else str(page[-1][0]),
    }


class _OneEvaluation:
    """An engine for a case that stays as it is: evaluates its rules once, for all instants."""

    def __init__(self, engine: Engine) -> None:
        self.rulebook, self._engine = engine.rulebook, engine.compiled
        self._answers: list[Answer] | None = None

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def compiled(self) -> Engine:
        return self

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        return self._engine.matches(facts, now, answers)

    def answers(self, facts: Facts) -> list[Answer]:
        if self._answers is None:
            self._answers = self._engine.answers(facts)
        return self._answers

    def answer_about(self, rule_id: str, subject: Entity, facts: Facts) -> Answer:
        return self._engine.answer_about(rule_id, subject, facts)


def _most_urgent_first(changes: list[RecommendationChange]) -> list[RecommendationChange]:
    """Sorted; the changes of one recommendation stay in their order."""
    final = {change.id: urgency(change.data) for change in changes}
    return sorted(changes, key=lambda change: final[change.id])


def _with_positions(found: Iterable[ReplayedChange]) -> Iterator[tuple[Position, ReplayedChange]]:
    """Each change with the position after it."""
    for at, together in groupby(found, key=lambda one: one.at):
        yield from ((Position(at, count), one) for count, one in enumerate(together, 1))


def _after(
    places: Iterator[tuple[Position, ReplayedChange]], after: Position | None
) -> Iterator[tuple[Position, ReplayedChange]]:
    if after is None:
        return places
    return (place for place in places if place[0] > after)


def _item(found: ReplayedChange) -> ForecastItem:
    data = found.change.data
    return {
        "at": format_instant(found.at),
        "change": data["change"],
        "recommendation": data["id"],
        "sequence": data["sequence"],
        "audience": data["audience"],
        "rule": data["rule"],
        "subject": data["subject"],
        "employer": data["employer"],
        "title": data["title"],
        "priority": data["priority"],
        "due": data["due"],
        "reason": data["reason"],
    }
