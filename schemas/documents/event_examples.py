"""One example of every event, by its short type. Data only; a test checks that the intake accepts each."""

from typing import Any

from signpost.names import JSON
from signpost.schemas.event_attributes import full_type

_ACME: dict[str, Any] = {"id": "acme", "name": "Acme"}
_OFFER: dict[str, Any] = {"offer": "acme-1", "employer": _ACME}
_INTERVIEW: dict[str, Any] = {"interview": "i-1", "employer": _ACME, "application": "a-1"}
_TERMS: dict[str, Any] = {
    "title": "Data engineer",
    "salary": {"amount": 80000, "currency": "USD", "per": "year"},
    "bonus": False,
    "benefits": {"health": True, "dental": False},
    "paid_leave_days": 20,
    "start_date": "2026-04-13",
    "location": {"city": "Portland", "region": "OR", "country": "US"},
    "workplace": "hybrid",
    "conditions": ["references"],
}
EVENT_DATA: dict[str, dict[str, Any]] = {
    "offer.extended": {**_OFFER, "application": "a-1", **_TERMS, "respond_by": "2026-03-06T17:00:00Z"},
    "offer.updated": {**_OFFER, "salary": {"amount": "84000.50", "currency": "USD", "per": "year"}},
    "offer.accepted": {**_OFFER, "by": "verbal"},
    "offer.acceptance_planned": _OFFER,
    "offer.declined": _OFFER,
    "offer.withdrawn": _OFFER,
    "offer.withdrawal_planned": {
        **_OFFER,
        "reasons": ["compensation", "location"],
        "bottom_line": {"amount": 90000, "currency": "USD", "per": "year"},
    },
    "offer.rescinded": _OFFER,
    "offer.expired": _OFFER,
    "offer.countered": {**_OFFER, "salary": {"amount": 88000, "currency": "USD", "per": "year"}},
    "offer.letter_received": {**_OFFER, "letter": _TERMS},
    "offer.letter_signed": _OFFER,
    "interview.scheduled": {
        **_INTERVIEW,
        "starts_at": "2026-03-04T15:00:00Z",
        "ends_at": "2026-03-04T16:00:00Z",
        "format": "video",
        "round": 1,
        "final": False,
        "interviewers": ["R. Diaz"],
    },
    "interview.rescheduled": {**_INTERVIEW, "starts_at": "2026-03-05T15:00:00Z", "ends_at": "2026-03-05T16:00:00Z"},
    "interview.cancelled": _INTERVIEW,
    "interview.completed": {**_INTERVIEW, "completed_at": "2026-03-02T12:00:00Z"},
    "interview.prepared": {**_INTERVIEW, "step": "questions"},
    "interview.thanked": {**_INTERVIEW, "channel": "email"},
    "application.submitted": {"application": "a-1", "employer": _ACME},
    "application.rejected": {"application": "a-1", "employer": _ACME},
    "application.withdrawn": {"application": "a-1", "employer": _ACME},
    "contact.logged": {"offer": "acme-1", "by": "candidate", "channel": "phone", "purpose": "deadline"},
    "employment.current": {
        "employer": {"id": "northwind", "name": "Northwind"},
        "title": "Analyst",
        "manages_people": False,
        "notice_period_days": 14,
    },
    "employment.resignation_planned": {"planned": True},
    "employment.resigned": {"last_day": "2026-03-27"},
    "employment.ended": {},
    "employment.started": {"offer": "acme-1"},
    "candidate.preferences": {
        "salary_target": {"amount": 90000, "currency": "USD", "per": "year"},
        "priorities": ["pay", "flexibility"],
        "market_range": {
            "low": {"amount": 78000, "currency": "USD", "per": "year"},
            "high": {"amount": 95000, "currency": "USD", "per": "year"},
        },
        "max_commute_minutes": 40,
        "time_zone": "America/Los_Angeles",
        "locale": "en-US",
    },
    "candidate.discussed": {"with": "family"},
    "candidate.merged": {"into": "c-2"},
    "candidate.erased": {},
    "advice.done": {"recommendation": "r-5f1c"},
    "advice.dismissed": {"recommendation": "r-5f1c"},
    "advice.snoozed": {"recommendation": "r-5f1c", "until": "2026-03-05T09:00:00Z"},
}


def event_example(name: str) -> dict[str, Any]:
    """Return the CloudEvent of this short type, as a sender sends it."""
    return {
        "specversion": "1.0",
        "id": f"e-{list(EVENT_DATA).index(name) + 1}",
        "source": "jobboard/careers-north",
        "type": full_type(name),
        "time": "2026-03-02T14:00:00+01:00",
        "subject": "c-1",
        "datacontenttype": JSON,
        "data": EVENT_DATA[name],
    }
