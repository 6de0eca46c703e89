"""Which statements about employment concern the present job, and the names of their fields. Pure."""

from collections.abc import Mapping
from typing import Final

from signpost.case.case import Register
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


def of_present_employer(fields: Mapping[str, Register]) -> Mapping[str, Register]:
    """Without the terms that were stated while the candidate still worked for another employer."""
    employer = fields["employer"][1] if "employer" in fields else None
    key = (employer.get("id") or employer.get("name")) if isinstance(employer, dict) else None
    joined = {name: register[0] for name, register in fields.items() if name.startswith(f"{JOINED}.")}
    since = joined.get(f"{JOINED}.{key}")
    if since is None or since != max(joined.values()) or len(joined) < 2:
        return fields
    return {
        name: register
        for name, register in fields.items()
        if register[0] >= since or name.partition(".")[0] not in (*PRESENT_TERMS, "benefits")
    }
