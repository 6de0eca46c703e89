"""Compares the episodes of two rulebooks; classifies and describes each difference. Pure."""

import difflib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from signpost.authoring.backtest.episodes import Episode, Name
from signpost.case.instant import MINUTE, format_instant

KINDS = {
    "added": "advised only by the new rulebook",
    "lost": "advised only by the old rulebook",
    "superseded": "given up in the new one because another rule takes its place",
    "earlier": "begins earlier in the new one",
    "later": "begins later in the new one",
    "ends earlier": "ends earlier in the new one",
    "ends later": "ends later in the new one",
    "priority": "has another priority at some time",
    "due": "is due at another time",
    "reworded": "says it in other words",
}
SUPERSEDED = "superseded"
"""Prefix of the reason if another rule replaced the advice."""
NEVER = "at no time"
MAX_DIFF_LINES = 12
"""Lines of a diff in an example."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its kind (see KINDS), case, rule, subject, start (microseconds) and description."""

    kind: str
    case: str
    rule: str
    subject: str
    at: int
    detail: str


def differences(case: str, old: Sequence[Episode], new: Sequence[Episode]) -> Iterator[Difference]:
    """All differences in the advice of one case. Overlapping episodes count as the same advice."""
    names = sorted({_name(episode) for episode in (*old, *new)})
    for name in names:
        before, after = ([episode for episode in episodes if _name(episode) == name] for episodes in (old, new))
        for ours, theirs in _pair(before, after):
            for kind, at, detail in _between(ours, theirs):
                yield Difference(kind, case, *name, at, detail)


def _name(episode: Episode) -> Name:
    return episode.rule, episode.subject


def _pair(before: list[Episode], after: list[Episode]) -> Iterator[tuple[Episode | None, Episode | None]]:
    """Pair each old episode with the first new one that overlaps it; None for an episode without a partner."""
    free = list(after)
    for episode in before:
        partner = next((other for other in free if _overlap(episode, other)), None)
        if partner is not None:
            free.remove(partner)
        yield episode, partner
    yield from ((None, episode) for episode in free)


def _overlap(one: Episode, other: Episode) -> bool:
    """Whether two episodes overlap; one without duration overlaps every episode that it touches."""
    begins = max(one.start, other.start)
    ends = [episode.end for episode in (one, other) if episode.end is not None]
    return (
        not ends or begins < min(ends) or (begins == min(ends) and (one.start == one.end or other.start == other.end))
    )


def _between(old: Episode | None, new: Episode | None) -> Iterator[tuple[str, int, str]]:
    if old is None or new is None:
        only = new or old
        assert only is not None
        yield "added" if old is None else "lost", only.start, _format_duration(only)
        return
    if old.start != new.start:
        kind = "earlier" if new.start < old.start else "later"
        yield kind, min(old.start, new.start), distance(old.start, new.start)
    if old.end != new.end:
        yield _ends(old, new)
    yield from _meanwhile(old, new)


def _meanwhile(old: Episode, new: Episode) -> Iterator[tuple[str, int, str]]:
    """Differences while both episodes are active."""
    start, end = max(old.start, new.start), min(episode.end or math.inf for episode in (old, new))
    priorities, dues, words = (
        [_clip(steps, start, end) for steps in both]
        for both in ((old.priorities, new.priorities), (old.dues, new.dues), (old.words, new.words))
    )
    if priorities[0] != priorities[1]:
        yield "priority", start, "{}, now {}".format(*map(_format_steps, priorities))
    if dues[0] != dues[1]:
        yield "due", start, "{}, now {}".format(*map(_format_steps, dues))
    # Texts change with the priority, which is reported above, so compare them without their instants
    before, after = ([text for _, text in steps] for steps in words)
    if before != after:
        yield "reworded", start, _format_rewording(before, after)


def _clip(steps: Sequence[tuple[int, Any]], start: int, end: float) -> list[tuple[int, Any]]:
    """The steps between two instants."""
    past = [value for at, value in steps if at <= start]
    return [(start, past[-1]), *(step for step in steps if start < step[0] < end)]


def _format_steps(steps: Sequence[tuple[int, str | None]]) -> str:
    first, *rest = steps
    return ", ".join([first[1] or NEVER, *(f"{value or NEVER} from {format_instant(at)}" for at, value in rest)])


def _ends(old: Episode, new: Episode) -> tuple[str, int, str]:
    at = old.end if new.end is None else new.end
    assert at is not None
    kind = "ends later" if new.end is None or (old.end is not None and old.end < new.end) else "ends earlier"
    if kind == "ends earlier" and (new.ended or "").startswith(SUPERSEDED):
        kind = "superseded"
    apart = "" if old.end is None or new.end is None else f"{distance(old.end, new.end)}: "
    return kind, at, f"{apart}{_until(new)}; before, {_until(old)}"


def _until(episode: Episode) -> str:
    return "to the end" if episode.end is None else f"until {format_instant(episode.end)} ({episode.ended})"


def _format_duration(episode: Episode) -> str:
    return f"{episode.priorities[0][1]}, from {format_instant(episode.start)} {_until(episode)}"


def distance(old: int, new: int) -> str:
    """`2d3h earlier`; differences below a minute are in seconds."""
    apart = abs(new - old)
    minutes, rest = divmod(apart, MINUTE)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if number]
    text = "".join(parts) or f"{rest / 1_000_000:g}s"
    return f"{text} {'earlier' if new < old else 'later'}"


def _format_rewording(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    """The differing lines (- before, + after) of the first text that differs."""
    pairs = zip(old, new, strict=False)
    before, after = next(((one, other) for one, other in pairs if one != other), (old[-1], new[-1]))
    lines = [line for line in difflib.ndiff(_lines(before), _lines(after)) if line[:2] in ("- ", "+ ")]
    more = [f"... {len(lines) - MAX_DIFF_LINES} more lines"] if len(lines) > MAX_DIFF_LINES else []
    return "\n".join([*lines[:MAX_DIFF_LINES], *more]) or f"{len(old)} wordings, now {len(new)}"


def _lines(words: dict[str, Any]) -> list[str]:
    drafts = [line for draft in words["drafts"] for line in (draft["title"], *draft["body"].splitlines())]
    chart = json.dumps(words["comparison"], indent=0, ensure_ascii=False).splitlines() if words["comparison"] else []
    return [words["title"], *words["message"].splitlines(), *words["steps"], *drafts, *chart]
