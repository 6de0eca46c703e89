"""The lives of recommendations: from when to when each is advised, in the past as played again, now as recorded, and
later as forecast. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signpost.advice.records import PUBLISHED, AdviceRecord, load_records
from signpost.advice.replay import ReplayedChange
from signpost.authoring.backtest import Moment
from signpost.authoring.backtest.episodes import episodes
from signpost.case import Case
from signpost.case.instant import format_instant, on_calendar


@dataclass(slots=True)
class Life:
    """`start`, `end`: microseconds; `end` None: as far as one can see. `ended`: why, "" while it goes on."""

    rule: str
    subject: str
    title: str
    priority: str
    start: int
    end: int | None = None
    ended: str = ""

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        end = on_calendar(self.end)
        return {
            "rule": self.rule,
            "subject": self.subject,
            "title": self.title,
            "priority": self.priority,
            "from": format_instant(self.start),
            "until": None if end is None else format_instant(end),
            "ended": self.ended,
        }


def lives_of(
    past: Sequence[Moment], future: Sequence[ReplayedChange], case: Case, advice_state: bytes, now: int
) -> list[Life]:
    """All lives, in the order in which they begin."""
    found, current = _past_lives(past)
    _compare_with_records(found, current, case, load_records(advice_state), now)
    for one in future:
        key, data = f"{one.change.rule}@{one.change.subject}", one.change.data
        if one.change.status != "active":
            if life := current.pop(key, None):
                life.end, life.ended = one.at, data["reason"] or one.change.change
        elif key in current:
            current[key].priority = data["priority"]
        else:
            current[key] = Life(one.change.rule, one.change.subject, data["title"], data["priority"], one.at)
            found.append(current[key])
    return sorted(found, key=lambda life: (life.start, life.rule, life.subject))


def _past_lives(past: Sequence[Moment]) -> tuple[list[Life], dict[str, Life]]:
    """The lives of the past, and those of them that go on, by RULE@SUBJECT."""
    found, current = [], {}
    for one in episodes(past):
        title, priority = one.words[-1][1]["title"], one.priorities[-1][1]
        life = Life(one.rule, one.subject, title, priority, one.start, one.end, one.ended or "")
        found.append(life)
        if one.end is None:
            current[f"{one.rule}@{one.subject}"] = life
    return found, current


def _compare_with_records(
    found: list[Life], current: dict[str, Life], case: Case, records: dict[str, AdviceRecord], now: int
) -> None:
    """Let what is recorded decide what goes on now: consumers may have answered, and events may have come late."""
    standing = {key: record for key, record in records.items() if record.state in PUBLISHED}
    for key in [key for key in current if key not in standing]:
        life, record = current.pop(key), records.get(key)
        life.ended = record.state if record is not None else "its conditions no longer hold"
        life.end = _answered_at(case, record, now)
    for key, record in standing.items():
        if key not in current:
            subject = f"{record.kind}/{record.subject}"
            current[key] = Life(record.rule, subject, record.title, record.priority, record.raised_at)
            found.append(current[key])


def _answered_at(case: Case, record: AdviceRecord | None, now: int) -> int:
    """When a consumer answered a recommendation; now, if nobody did."""
    fields = case.registers.get("advice", {}).get(record.id) if record is not None else None
    return int(fields["answer"][0][0]) if fields else now
