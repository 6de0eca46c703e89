"""Which statements about employment concern the present job, and the names of their fields. Pure."""

from collections.abc import Mapping
from typing import Final

from signpost.case.case import Register, Stamp
from signpost.case.fold import BENEFITS
from signpost.case.order import JOINED
from signpost.facts.notice import UNITS
from signpost.facts.vocabulary import PRESENT_TERMS

EMPLOYMENT_FIELDS: Final[Mapping[str, str]] = {
    "employer": "present_employer",
    "title": "present_title",
    "manages_people": "manages_people",
    **{f"notice_period_{unit}": f"notice_period_{unit}" for unit in UNITS},
    "notice_to": "notice_to",
    "last_day": "last_day",
    "resignation_planned": "resignation_planned",
    **{name: f"present_{name}" for name in (*PRESENT_TERMS, *(f"benefits.{benefit}" for benefit in BENEFITS))},
}
"""Field of employment -> field of the candidate."""


def begins_after(fields: Mapping[str, Register], ended: Stamp | None) -> bool:
    """Whether the present job was stated after another one had ended. Where both have one time, it was if a job was
    started then, or if its employer was first named then."""
    if ended is None or "current" not in fields:
        return False
    current = fields["current"][0]
    if current[0] != ended[0]:
        return current > ended
    stopped = fields["ended"][0][0] if "ended" in fields else 0
    return stopped < current[0] or _is_first_named_at(current[0], fields)


def _is_first_named_at(time: int, fields: Mapping[str, Register]) -> bool:
    since, joined = _joined(fields)
    return since is not None and since[0] == time and min(joined)[0] < time


def of_present_employer(fields: Mapping[str, Register]) -> Mapping[str, Register]:
    """Without the terms that were stated while the candidate still worked for another employer."""
    since, joined = _joined(fields)
    if since is None or since != max(joined) or len(joined) < 2:
        return fields
    return {
        name: register
        for name, register in fields.items()
        if register[0] >= since or name.partition(".")[0] not in (*PRESENT_TERMS, "benefits")
    }


def _joined(fields: Mapping[str, Register]) -> tuple[Stamp | None, list[Stamp]]:
    """When the present employer was first named as such (None: unknown), and when each employer was."""
    employer = fields["employer"][1] if "employer" in fields else None
    key = (employer.get("id") or employer.get("name")) if isinstance(employer, dict) else None
    joined = {name: register[0] for name, register in fields.items() if name.startswith(f"{JOINED}.")}
    return joined.get(f"{JOINED}.{key}"), list(joined.values())
