"""Spells: from when to when each piece of advice stood in a history, and what it said meanwhile. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from signpost.advice import Engine, RecommendationChange, advise, suppressions
from signpost.advice.case_set import CaseSet
from signpost.advice.replay import Replay
from signpost.authoring.backtest.histories import History

TENANT = "backtest"
Name: TypeAlias = tuple[str, str]
"""(rule, KIND/ID): what is advised, and of what."""
WORDS = ("title", "message", "steps", "drafts", "comparison")


@dataclass(slots=True)
class Episode:
    """One unbroken time of advice. `end` (microseconds): None where it stands at the end of the history; `ended`: how.

    `priorities`, `dues` and `words` are steps: (from when, value).
    """

    rule: str
    subject: str
    start: int
    end: int | None = None
    ended: str | None = None
    priorities: list[tuple[int, str]] = field(default_factory=list)
    dues: list[tuple[int, str | None]] = field(default_factory=list)
    words: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def note(self, at: int, data: dict[str, Any]) -> None:
        """What a change says from an instant on."""
        words = {name: data[name] for name in WORDS}
        for steps, value in ((self.priorities, data["priority"]), (self.dues, data["due"]), (self.words, words)):
            _step(steps, at, value)


def _step(steps: list[tuple[int, Any]], at: int, value: Any) -> None:
    if not steps or steps[-1][1] != value:
        steps.append((at, value))


def episodes(engine: Engine, history: History, patience: int) -> list[Episode]:
    """Every spell of a history, which is followed for `patience` microseconds after its last event."""
    found: list[Episode] = []
    standing: dict[Name, Episode] = {}
    for at, change in _told(engine, history, patience):
        name = (change.rule, change.subject)
        if change.status != "active":
            if episode := standing.pop(name, None):
                episode.end, episode.ended = at, change.data["reason"]
            continue
        if name not in standing:
            standing[name] = Episode(change.rule, change.subject, at)
            found.append(standing[name])
        standing[name].note(at, change.data)
    return found


def _told(engine: Engine, history: History, patience: int) -> Iterator[tuple[int, RecommendationChange]]:
    """Every change with its instant: at each event, and at each instant at which time alone changes something."""
    case_set = CaseSet(engine, TENANT, {})
    replay, known = Replay(case_set, ()), case_set.find(history.key)
    for at, said in history.said:
        yield from ((told.at, told.change) for told in replay.until(at))
        known.case = known.case.join(said)
        yield from ((at, change) for _, change in case_set.wake(history.key, at))
    for at, _ in history.said[-1:]:
        yield from ((told.at, told.change) for told in replay.until(at + patience))


def rivals(engine: Engine, history: History, at: int) -> dict[Name, str]:
    """What would be advised at an instant but for another rule -> that one, RULE@KIND/ID."""
    advised = advise(engine, history.case(at), b"", tenant=TENANT, key=history.key, now=at)
    return {(one["rule"], one["subject"]): one["by"] for one in suppressions(advised.advice_state)}
