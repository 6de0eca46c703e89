"""What consumers answered to the advice of a case: done, dismissed or snoozed. Pure."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from signpost.advice.records import PUBLISHED, AdviceRecord
from signpost.case.case import Case
from signpost.case.instant import parse_instant
from signpost.engine.compiled import Answer
from signpost.names import ANSWERS


def answer_to(case: Case, record: AdviceRecord) -> dict[str, Any] | None:
    """The latest answer to the recommendation of a record: {"answer": ..., "until": ...}."""
    latest = _latest(case, record)
    return latest[1] if latest else None


def is_outdated(case: Case, record: AdviceRecord, about: Answer) -> bool:
    """Whether the advice was done before what its step is about: before another letter came."""
    since = about.subject.values.get(about.rule.done_since) if about.rule.done_since else None
    latest = _latest(case, record)
    if since is None or latest is None:
        return False
    (at, *_), answer = latest
    return bool(answer["answer"] == "done" and at < since)


def snoozed_until(answer: Mapping[str, Any] | None, now: int) -> int | None:
    """The instant (microseconds) at which snoozed advice comes back; None if it is not snoozed at `now`."""
    if answer is None or answer["answer"] != "snoozed" or not answer.get("until"):
        return None
    until = parse_instant(answer["until"])
    return until if until > now else None


def set_aside(case: Case, records: Mapping[str, AdviceRecord], now: int) -> dict[str, int | None]:
    """The published advice that was dismissed (None), or is snoozed and until when (microseconds), by its key."""
    found: dict[str, int | None] = {}
    for key, record in records.items():
        answer = answer_to(case, record) if record.state in (*PUBLISHED, *ANSWERS) else None
        until = snoozed_until(answer, now)
        if until is not None or (answer is not None and answer["answer"] == "dismissed"):
            found[key] = until
    return found


def _latest(case: Case, record: AdviceRecord) -> tuple[Any, Any] | None:
    """The stamp of the latest answer under any id of the recommendation, and the answer."""
    registers = case.registers.get("advice", {})
    found = [registers[id]["answer"] for id in record.current_ids if id in registers]
    return max(found, key=itemgetter(0), default=None)
