"""Differences: how the spells of one rulebook differ from those of another, each classed and said in words. Pure."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from signpost.backtest.spells import Name, Spell
from signpost.case.instant import MINUTE, format_instant

KINDS = {
    "added": "advised only by the new rulebook",
    "lost": "advised only by the old rulebook",
    "earlier": "begins earlier in the new one",
    "later": "begins later in the new one",
    "ends earlier": "ends earlier in the new one",
    "ends later": "ends later in the new one",
    "priority": "has another priority at some time",
    "due": "is due at another time",
    "reworded": "says it in other words",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its kind (see KINDS), whose case, rule and subject, when (microseconds), and how in words."""

    kind: str
    case: str
    rule: str
    subject: str
    at: int
    detail: str


def differences(case: str, old: Sequence[Spell], new: Sequence[Spell]) -> Iterator[Difference]:
    """Every difference in the advice of one case. Spells that overlap are the same advice."""
    names = sorted({_name(spell) for spell in (*old, *new)})
    for name in names:
        before, after = ([spell for spell in spells if _name(spell) == name] for spells in (old, new))
        for ours, theirs in _paired(before, after):
            for kind, at, detail in _between(ours, theirs):
                yield Difference(kind, case, *name, at, detail)


def _name(spell: Spell) -> Name:
    return spell.rule, spell.subject


def _paired(before: list[Spell], after: list[Spell]) -> Iterator[tuple[Spell | None, Spell | None]]:
    """Each old spell with the first new one that overlaps it; those that have no partner with None."""
    free = list(after)
    for spell in before:
        partner = next((other for other in free if _overlap(spell, other)), None)
        if partner is not None:
            free.remove(partner)
        yield spell, partner
    yield from ((None, spell) for spell in free)


def _overlap(one: Spell, other: Spell) -> bool:
    """What was raised and ended at one instant overlaps whatever touches it."""
    begins = max(one.start, other.start)
    ends = [spell.end for spell in (one, other) if spell.end is not None]
    return (
        not ends or begins < min(ends) or (begins == min(ends) and (one.start == one.end or other.start == other.end))
    )


def _between(old: Spell | None, new: Spell | None) -> Iterator[tuple[str, int, str]]:
    if old is None or new is None:
        only = new or old
        assert only is not None
        yield "added" if old is None else "lost", only.start, _lasting(only)
        return
    if old.start != new.start:
        yield ("earlier" if new.start < old.start else "later"), new.start, distance(old.start, new.start)
    if old.end != new.end:
        yield _ends(old, new)
    common = max(old.start, new.start)
    if (was := _since(old.priorities, common)) != (now := _since(new.priorities, common)):
        yield "priority", common, f"{_steps(was)}, now {_steps(now)}"
    if [due for _, due in old.dues] != [due for _, due in new.dues]:
        yield "due", common, f"{old.dues[-1][1] or 'at no time'}, now {new.dues[-1][1] or 'at no time'}"
    if old.words != new.words:
        yield "reworded", common, _reworded(old.words, new.words)


def _ends(old: Spell, new: Spell) -> tuple[str, int, str]:
    if old.end is None:
        return "ends earlier", new.end or 0, f"ends {format_instant(new.end or 0)}, before it stood to the end"
    if new.end is None:
        return "ends later", old.end, f"stands to the end, before it ended {format_instant(old.end)}"
    return ("ends earlier" if new.end < old.end else "ends later"), new.end, distance(old.end, new.end)


def _lasting(spell: Spell) -> str:
    ends = "to the end" if spell.end is None else f"until {format_instant(spell.end)} ({spell.ended})"
    return f"{spell.priorities[0][1]}, from {format_instant(spell.start)} {ends}"


def _since(steps: list[tuple[int, str]], start: int) -> list[tuple[int, str]]:
    """Steps as they are from an instant on."""
    past = [step for step in steps if step[0] <= start]
    return [(start, past[-1][1]), *(step for step in steps if step[0] > start)]


def _steps(steps: list[tuple[int, str]]) -> str:
    first, *rest = steps
    return ", ".join([first[1], *(f"{word} from {format_instant(at)}" for at, word in rest)])


def distance(old: int, new: int) -> str:
    """`2d3h earlier`; what is less than a minute is told in seconds."""
    apart = abs(new - old)
    minutes, rest = divmod(apart, MINUTE)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if number]
    said = "".join(parts) or f"{rest / 1_000_000:g}s"
    return f"{said} {'earlier' if new < old else 'later'}"


def _reworded(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    """The lines that differ, - before and + after, of the first wording that does."""
    pairs = zip(old, new, strict=False)
    before, after = next(((one, other) for one, other in pairs if one != other), (old[-1], new[-1]))
    lines = [line for line in difflib.ndiff(_lines(before), _lines(after)) if line[:2] in ("- ", "+ ")]
    return "\n".join(lines) or f"{len(old)} wordings, now {len(new)}"


def _lines(words: dict[str, Any]) -> list[str]:
    drafts = [line for draft in words["drafts"] for line in (draft["title"], *draft["body"].splitlines())]
    return [words["title"], *words["message"].splitlines(), *words["steps"], *drafts]
