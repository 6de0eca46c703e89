"""Episodes: when each recommendation was active in a history, and with what content. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from signpost.advice import Engine, advise, suppressions
from signpost.authoring.backtest.histories import History
from signpost.authoring.backtest.moments import TENANT, Moment

Name: TypeAlias = tuple[str, str]
"""(rule, KIND/ID): the rule and its subject."""
WORDS = ("title", "message", "steps", "drafts", "comparison")


@dataclass(slots=True)
class Episode:
    """One unbroken period of advice. `end` (microseconds): None if active at the end; `ended`: the reason.

    `priorities`, `dues` and `words` are steps: (start, value).
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
        """Record the content of a change."""
        words = {name: data[name] for name in WORDS}
        for steps, value in ((self.priorities, data["priority"]), (self.dues, data["due"]), (self.words, words)):
            _step(steps, at, value)


def _step(steps: list[tuple[int, Any]], at: int, value: Any) -> None:
    if not steps or steps[-1][1] != value:
        steps.append((at, value))


def episodes(moments: Iterable[Moment]) -> list[Episode]:
    """All episodes of a history, given as what happens at each moment."""
    result: list[Episode] = []
    current: dict[Name, Episode] = {}
    for at, change in ((moment.at, change) for moment in moments for change in moment.changes):
        name = (change.rule, change.subject)
        if change.status != "active":
            if episode := current.pop(name, None):
                episode.end, episode.ended = at, change.data["reason"]
            continue
        if name not in current:
            current[name] = Episode(change.rule, change.subject, at)
            result.append(current[name])
        current[name].note(at, change.data)
    return result


def rivals(engine: Engine, history: History, at: int) -> dict[Name, str]:
    """Advice suppressed at an instant -> the rule that suppresses it, as RULE@KIND/ID."""
    advised = advise(engine, history.case(at), b"", tenant=TENANT, key=history.key, now=at)
    return {(item["rule"], item["subject"]): item["by"] for item in suppressions(advised.advice_state)}
