"""Builds the data of one published change, as the schema defines it. Pure."""

import math
from typing import Any

from signpost.advice.evidence import Fact
from signpost.advice.records import AdviceRecord
from signpost.advice.wording import Words
from signpost.case.instant import format_instant, parse_instant
from signpost.facts.facts import Entity
from signpost.names import PRIORITIES
from signpost.rulebook.typed_rule import Rule

STATUS = {"raised": "active", "updated": "active"}
"""Change -> status; every other change has the name of its status."""


def document(
    record: AdviceRecord, rule: Rule | None, change: str, *, candidate: str, now: int, version: str, reason: str | None
) -> dict[str, Any]:
    """The data of a change without texts and explanation; needs neither facts nor a rule."""
    return {
        "id": record.id,
        "sequence": record.sequence,
        "change": change,
        "status": STATUS.get(change, change),
        "rule": record.rule,
        "topic": record.topic,
        "audience": record.audience,
        "candidate": candidate,
        "subject": {"kind": record.kind, "id": record.subject},
        "employer": None,
        "priority": record.priority,
        "due": _text(record.due),
        "valid_until": _text(record.valid_until),
        "raised_at": format_instant(record.raised_at),
        "changed_at": format_instant(now),
        "reason": reason,
        "title": record.title,
        "message": "",
        "steps": [],
        "drafts": [],
        "comparison": None,
        "explanation": {
            "because": [],
            "article": {"id": rule.source.article, "title": rule.source.title} if rule else None,
            "norms": [dict(norm) for norm in rule.source.norms] if rule else [],
            "rulebook": version,
        },
    }


def add_explanation(data: dict[str, Any], words: Words, because: list[Fact]) -> dict[str, Any]:
    """Add the texts and the facts behind the recommendation."""
    data |= {
        "title": words.title,
        "message": words.message,
        "steps": words.steps,
        "drafts": words.drafts,
        "comparison": words.comparison,
    }
    data["explanation"]["because"] = because
    return data


def employer_of(subject: Entity) -> dict[str, Any] | None:
    """Id and name of the employer, as far as known."""
    if "employer" not in subject.values and "employer_name" not in subject.values:
        return None
    return {"id": subject.values.get("employer"), "name": subject.values.get("employer_name")}


def urgency(data: dict[str, Any]) -> tuple[int, float, str, str, str]:
    """Sort key: urgent first, then by due time with none last, then by names, so that the order is stable."""
    due, subject = data["due"], data["subject"]
    when = math.inf if due is None else parse_instant(due)
    return -PRIORITIES.index(data["priority"]), when, data["rule"], subject["kind"], subject["id"]


def _text(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
