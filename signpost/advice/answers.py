"""What consumers answered to the advice of a case: done, dismissed or snoozed. Pure."""

from collections.abc import Mapping
from typing import Any

from signpost.advice.records import PUBLISHED, AdviceRecord
from signpost.case.case import Case
from signpost.case.instant import parse_instant
from signpost.engine.compiled import Answer
from signpost.names import ANSWERS


def answer_to(case: Case, record: AdviceRecord) -> dict[str, Any] | None:
    """The latest answer to the recommendation of a record: {"answer": ..., "until": ...}."""
    fields = case.registers.get("advice", {}).get(record.id)
    return fields["answer"][1] if fields else None


def is_outdated(case: Case, record: AdviceRecord, about: Answer) -> bool:
    """Whether the advice was done before what its step is about: before another letter came."""
    since = about.subject.values.get(about.rule.done_since) if about.rule.done_since else None
    fields = case.registers.get("advice", {}).get(record.id)
    if since is None or not fields:
        return False
    (at, *_), answer = fields["answer"]
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
