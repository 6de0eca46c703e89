"""Lays out the drawing of a candidate's timeline: one bar for each life, ticks for events, a line for the instant."""

from collections.abc import Sequence
from typing import Any, Final

from signpost.case.instant import parse_instant

WIDTH: Final = 1000
LABELS: Final = 300
"""Room for names on the left."""
ROW: Final = 22
TOP: Final = 30
MAX_BARS: Final = 60
MIN_BAR: Final = 4
MAX_NAME: Final = 42


def draw(document: dict[str, Any]) -> dict[str, Any]:
    """Positions in a drawing that is WIDTH wide. Time is even between neighbouring instants, so that hours beside
    months can be seen."""
    instants = [parse_instant(one["at"]) for one in document["instants"]]
    lives = [life for life in document["lives"] if _is_seen(life, instants)][-MAX_BARS:]
    rows = [_bar(life, number, instants) for number, life in enumerate(lives)]
    return {
        "width": WIDTH,
        "height": TOP + ROW * max(1, len(rows)) + 6,
        "bars": rows,
        "ticks": [
            {**one, "x": _x(parse_instant(one["at"]), instants)}
            for one in document["instants"]
            if any(note.startswith("event ") for note in one["notes"])
        ],
        "now": _x(parse_instant(document["now"]), instants),
        "at": _x(parse_instant(document["at"]), instants),
        "left": LABELS,
        "omitted": len(document["lives"]) - len(rows),
    }


def _is_seen(life: dict[str, Any], instants: Sequence[int]) -> bool:
    return bool(instants) and parse_instant(life["from"]) <= instants[-1]


def _bar(life: dict[str, Any], number: int, instants: Sequence[int]) -> dict[str, Any]:
    start = _x(parse_instant(life["from"]), instants)
    end = _x(parse_instant(life["until"]), instants) if life["until"] else WIDTH
    name = f"{life['rule']} {life['subject']}"
    short = name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
    return {
        **life,
        "x": start,
        "y": TOP + ROW * number,
        "width": max(MIN_BAR, end - start),
        "height": ROW - 6,
        "text_y": TOP + ROW * number + ROW - 10,
        "name": short,
    }


def _x(instant: int, instants: Sequence[int]) -> int:
    """Where an instant is: its neighbours have equal distances, and between two of them time is even."""
    room = WIDTH - LABELS - 10
    if len(instants) < 2:
        return LABELS + room // 2
    step = room / (len(instants) - 1)
    after = next((number for number, one in enumerate(instants) if one >= instant), len(instants) - 1)
    if after == 0 or instants[after] <= instant:
        return LABELS + round(after * step)
    before, following = instants[after - 1], instants[after]
    return LABELS + round((after - 1 + (instant - before) / (following - before)) * step)
