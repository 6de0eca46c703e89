"""What a check of an installation finds: a status, a text, and what mends it. Checks nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How it is. A skipped check could not look, because another failed or its user may not."""

    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """`command`: mends it when it is pasted into the shell in which the doctor ran; "" if no command can.
    `step`: what to do besides, or instead."""

    status: Status
    text: str
    command: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A finding with the name of its check."""

    check: str
    finding: Finding

    def to_document(self) -> dict[str, Any]:
        """The line as JSON."""
        found = self.finding
        return {
            "check": self.check,
            "status": str(found.status),
            "found": found.text,
            "command": found.command or None,
            "step": found.step or None,
        }


def ok(text: str) -> Finding:
    """All is as it should be."""
    return Finding(Status.OK, text)


def warning(text: str, command: str = "", step: str = "") -> Finding:
    """It works, and something should be done."""
    return Finding(Status.WARNING, text, command, step)


def failed(text: str, command: str = "", step: str = "") -> Finding:
    """It does not work."""
    return Finding(Status.FAILED, text, command, step)


def skipped(text: str, step: str = "") -> Finding:
    """It was not looked at."""
    return Finding(Status.SKIPPED, text, step=step)


def or_ok(findings: Iterable[Finding], text: str) -> Iterator[Finding]:
    """The findings; ok with this text if there is none."""
    found = list(findings)
    yield from found or [ok(text)]


def by_severity(lines: Iterable[Line]) -> list[Line]:
    """The lines, the worst first; equal ones keep their order."""
    order = list(Status)
    return sorted(lines, key=lambda line: order.index(line.finding.status))


def summary(lines: Iterable[Line]) -> str:
    """One sentence: how many of each status."""
    counts = Counter(line.finding.status for line in lines)
    plural = {Status.WARNING: "warnings"}
    return ", ".join(f"{n} {plural.get(one, one) if n > 1 else one}" for one in Status if (n := counts[one]))
