"""Short forms of events about a candidate's jobs and offers, and the facts that follow from them."""

from typing import Any

from signpost.case import Case, Event
from signpost.case.instant import DAY, parse_instant
from signpost.facts.facts import Facts, facts_of

START = parse_instant("2026-03-02T00:00:00Z")
Said = tuple[float, str, dict[str, Any]]
INITECH, ACME, BIRCH = ({"id": name.lower(), "name": name} for name in ("Initech", "Acme", "Birch"))


def facts(*said: Said) -> Facts:
    """Facts of events given as (days, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(days * DAY), "c-1", data)
        for number, (days, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def of_candidate(*said: Said) -> dict[str, Any]:
    return facts(*said).candidate.values


def job(days: float, name: str, **data: Any) -> Said:
    return days, f"employment.{name}", data


def offer(days: float, name: str, offer: str = "o", employer: dict[str, str] = ACME, **data: Any) -> Said:
    return days, f"offer.{name}", {"offer": offer, "employer": employer, **data}


def started(days: float) -> Said:
    return job(days, "started", offer="o")


AT_INITECH = job(0, "current", employer=INITECH, title="Clerk", manages_people=True, notice_period_weeks=6)
PLANNED, RESIGNED = job(1, "resignation_planned"), job(2, "resigned", last_day="2026-03-27")
ACCEPTED = offer(1, "accepted")
