"""Spells: from when to when each piece of advice stood in a history, and what it said meanwhile. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from signpost.advice import Engine, RecommendationChange, advise
from signpost.backtest.histories import History
from signpost.case.case import Case

TENANT = "backtest"
Name: TypeAlias = tuple[str, str]
"""(rule, KIND/ID): what is advised, and of what."""
WORDS = ("title", "message", "steps", "drafts", "comparison")


@dataclass(slots=True)
class Spell:
    """One unbroken time of advice. `end` (microseconds): None where it stands at the end of the history; `ended`: how.

    `priorities` and `dues` are (from when, value); `words` are the texts told, each once.
    """

    rule: str
    subject: str
    start: int
    end: int | None = None
    ended: str | None = None
    priorities: list[tuple[int, str]] = field(default_factory=list)
    dues: list[tuple[int, str | None]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)

    def note(self, at: int, data: dict[str, Any]) -> None:
        """What a change says from an instant on."""
        for known, value in ((self.priorities, data["priority"]), (self.dues, data["due"])):
            if not known or known[-1][1] != value:
                known.append((at, value))
        words = {name: data[name] for name in WORDS}
        if words not in self.words:
            self.words.append(words)


def spells(engine: Engine, history: History, patience: int) -> list[Spell]:
    """Every spell of a history, which is followed for `patience` microseconds after its last event."""
    found: list[Spell] = []
    standing: dict[Name, Spell] = {}
    for at, change in _told(engine, history, patience):
        name = (change.rule, change.subject)
        if change.status != "active":
            if spell := standing.pop(name, None):
                spell.end, spell.ended = at, change.data["reason"]
            continue
        if name not in standing:
            standing[name] = Spell(change.rule, change.subject, at)
            found.append(standing[name])
        standing[name].note(at, change.data)
    return found


def _told(engine: Engine, history: History, patience: int) -> Iterator[tuple[int, RecommendationChange]]:
    """Every change with its instant: at each event, and at each instant at which time alone changes something."""
    case, recorded, due = Case(), b"", None
    ends = history.said[-1][0] + patience if history.said else 0
    for at, said in (*history.said, (ends, Case())):
        while due is not None and due <= at:
            woken = due
            advised = advise(engine, case, recorded, tenant=TENANT, key=history.key, now=woken)
            recorded, due = advised.recorded, advised.next_change
            yield from ((woken, change) for change in advised.changes)
        case = case.join(said)
        advised = advise(engine, case, recorded, tenant=TENANT, key=history.key, now=at)
        recorded, due = advised.recorded, advised.next_change
        yield from ((at, change) for change in advised.changes)
