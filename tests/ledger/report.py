"""The printed ledger: a row for each round, and the verdict."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.ledger.run import Entry
from tests.ledger.verdict import Verdict

COLUMNS = (
    ("events", 7),
    ("tried", 6),
    ("retried", 8),
    ("refused", 8),
    ("twice in", 9),
    ("twice out", 10),
    ("disorder", 9),
    ("p50 ms", 7),
    ("p99 ms", 8),
    ("outage s", 9),
    ("recovery s", 11),
)


def table(entries: Sequence[Entry]) -> str:
    """The rows as text. `twice in`: events that were answered with success again; `twice out`: messages that arrived
    again; `disorder`: changes that arrived first after one with a greater `sequence`."""
    columns = (("round", max((len(one.name) for one in entries), default=0) + 2), *COLUMNS)
    lines = ["".join(f"{title:<{width}}" for title, width in columns)]
    for one in entries:
        recovery = "-" if one.recovery_s is None else f"{one.recovery_s:.1f}"
        cells = (
            one.name, one.events, one.attempts, one.retries, sum(one.refusals.values()), one.repeats, one.duplicates,
            one.disorder, f"{one.p50_ms:.0f}", f"{one.p99_ms:.0f}", f"{one.outage_s:.1f}", recovery,
        )  # fmt: skip
        lines.append("".join(f"{cell!s:<{width}}" for cell, (_, width) in zip(cells, columns, strict=True)).rstrip())
        lines += [f"    !! {problem}" for problem in one.problems]
    return "\n".join(lines)


def summary(kind: str, entries: Sequence[Entry], verdict: Verdict) -> str:
    """The verdict in words."""
    recoveries = sorted(one.recovery_s for one in entries if one.recovery_s is not None)
    counts = ", ".join(f"{count} {what}" for what, count in verdict.checked.items())
    lines = [
        f"{kind}: {len(entries)} rounds, {sum(one.attempts for one in entries)} requests tried; checked: {counts}",
        f"longest outage {max(one.outage_s for one in entries):.1f} s; recovery: median"
        f" {recoveries[len(recoveries) // 2]:.1f} s, longest {recoveries[-1]:.1f} s"
        if recoveries
        else "nothing recovered",
        "nothing lost, nothing invented" if verdict.is_clean else "VIOLATIONS",
        *verdict.lines(),
    ]
    return "\n".join(lines)


def as_json(kind: str, seed: int, entries: Sequence[Entry], verdict: Verdict) -> str:
    """The same for programs."""
    document: dict[str, Any] = {"kind": kind, "seed": seed, "rounds": [asdict(one) for one in entries]}
    document |= {"checked": dict(verdict.checked), "violations": dict(verdict.violations)}
    return json.dumps(document)
