"""Example messages for the generated documents. Data only; a test validates each against its schema."""

from typing import Any

from signpost.names import JSON

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "jobboard/careers-north",
    "type": "signpost.offer.extended.v1",
    "time": "2026-03-02T14:00:00+01:00",
    "subject": "c-1",
    "datacontenttype": JSON,
    "data": {
        "offer": "acme-1",
        "employer": {"id": "acme", "name": "Acme"},
        "title": "Data engineer",
        "salary": {"amount": 80000, "currency": "USD", "per": "year"},
        "benefits": {"health": True, "dental": False},
        "start_date": "2026-04-13",
    },
}
BATCH: list[dict[str, Any]] = [
    EVENT,
    {
        **{name: value for name, value in EVENT.items() if name != "data"},
        "id": "e-2",
        "type": "signpost.offer.accepted.v1",
        "time": "2026-03-04T09:30:00+01:00",
        "data": {"offer": "acme-1", "by": "verbal"},
    },
]
STANDARD_WEBHOOK: dict[str, Any] = {
    "type": "signpost.offer.extended.v1",
    "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "acme-1", "employer": {"id": "acme", "name": "Acme"}},
}
RECOMMENDATION_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "r-5f1c.1",
    "source": "signpost",
    "type": "signpost.recommendation.raised.v1",
    "time": "2026-03-02T13:00:01Z",
    "subject": "c-1",
    "datacontenttype": JSON,
    "tenant": "careers-north",
    "link": "/v1/recommendations/r-5f1c",
    "data": {
        "id": "r-5f1c",
        "sequence": 1,
        "change": "raised",
        "status": "active",
        "rule": "ask-response-deadline",
        "topic": "before-accepting",
        "audience": "candidate",
        "candidate": "c-1",
        "subject": {"kind": "offer", "id": "acme-1"},
        "employer": {"id": "acme", "name": "Acme"},
        "priority": "high",
        "due": "2026-03-04T13:00:00Z",
        "valid_until": None,
        "raised_at": "2026-03-02T13:00:01Z",
        "changed_at": "2026-03-02T13:00:01Z",
        "reason": None,
        "title": "Ask Acme how long you have to decide",
        "message": "Acme has made you an offer and has not said by when you must answer.",
        "steps": ["Thank them for the offer.", "Ask by when they need your answer."],
        "drafts": [{"name": "email", "title": "Your offer", "body": "Thank you. By when do you need my answer?"}],
        "comparison": None,
        "explanation": {
            "because": [
                {
                    "fact": "offer/acme-1 stage",
                    "value": "open",
                    "unknown": False,
                    "event": {"source": "jobboard/careers-north", "id": "e-1", "time": "2026-03-02T13:00:00Z"},
                },
                {"fact": "offer/acme-1 respond_by", "value": None, "unknown": True, "event": None},
            ],
            "article": {"id": "before-accepting", "title": "Before you accept"},
            "norms": [],
            "rulebook": "3f2a9c1e",
        },
    },
}
CANDIDATES_ANSWER: dict[str, Any] = {
    "items": [
        {
            "id": "c-1",
            "name": "Maria Silva",
            "active": {
                "candidate": {"low": 0, "normal": 4, "high": 2, "urgent": 1},
                "employer": {"low": 0, "normal": 1, "high": 0, "urgent": 0},
            },
            "highest_priority": "urgent",
            "next_change": "2026-03-04T13:00:00Z",
            "updated": "2026-03-02T13:00:01Z",
        }
    ],
    "next": None,
}
ADVICE_ANSWER: dict[str, Any] = {
    "candidate": "c-1",
    "active": [RECOMMENDATION_EVENT["data"]],
    "suppressed": [{"rule": "negotiate-salary", "subject": "offer/acme-1", "by": "withdraw-promptly@offer/acme-1"}],
}
CASE_ANSWER: dict[str, Any] = {
    "candidate": "c-1",
    "case": {
        "events": [[1772456400000000, "jobboard/careers-north", "e-1"]],
        "facts": {"offer": {"acme-1": {"extended": [0, True]}}},
    },
    "next_change": "2026-03-04T13:00:00Z",
    "rulebook": "3f2a9c1e",
}
EXPLANATION: dict[str, Any] = {
    "rule": "ask-response-deadline",
    "subject": {"kind": "offer", "id": "acme-1"},
    "at": "2026-03-02T14:00:00Z",
    "rulebook": "4e1f7a55e6ed",
    "holds": True,
    "priority": "high",
    "because": [
        {
            "condition": "stage: open",
            "of": None,
            "answer": "yes",
            "seen": [
                {
                    "fact": "offer/acme-1 stage",
                    "value": "open",
                    "unknown": False,
                    "event": {"source": "jobboard/careers-north", "id": "e-1", "time": "2026-03-02T13:00:00Z"},
                }
            ],
            "turns": None,
            "parts": [],
        }
    ],
    "levels": ["high: from the start"],
    "due": None,
    "valid_until": None,
    "told": {"id": RECOMMENDATION_EVENT["data"]["id"], "state": "active", "until": None, "by": None},
    "suppressed_by": [],
    "next": None,
    "if_changed": [
        {
            "fact": "offer/acme-1 stage",
            "now": "open",
            "values": ["accepted", "declined"],
            "words": "if offer/acme-1 stage were accepted or declined",
        }
    ],
    "if_there_were": [],
    "complete": True,
    "article": {"id": "before-accepting", "title": "Y is for Yes: What to Do Before Accepting a Job Offer"},
}
FEEDBACK: dict[str, Any] = {"answer": "snoozed", "until": "2026-03-09T08:00:00Z"}
SIMULATION: dict[str, Any] = {"events": [EVENT], "at": "2026-03-02T14:00:00Z", "until": "2026-04-01T00:00:00Z"}
SIMULATED: dict[str, Any] = {
    "candidate": "c-1",
    "others": [],
    "at": "2026-03-02T14:00:00Z",
    "until": "2026-04-01T00:00:00Z",
    "changes": [RECOMMENDATION_EVENT["data"]],
    "active": [
        {
            "rule": "ask-response-deadline",
            "subject": "offer/acme-1",
            "priority": "high",
            "title": "Ask Acme how long you have to decide",
            "due": None,
            "valid_until": None,
        }
    ],
    "suppressed": [],
    "next_change": None,
}
DELIVERY: dict[str, Any] = {
    "id": "dlv_6ee1f0c9a7d2b3c4d5e6f708",
    "source": "acme-greenhouse",
    "received_at": "2026-03-02T14:00:00Z",
    "status": "accepted",
    "size": 517,
    "events": [
        {"type": "signpost.offer.extended.v1", "id": "offer-12345-1-sent-2026-03-01", "subject": "application:234556"}
    ],
    "problems": [],
    "verified": True,
    "replayable": True,
    "body": {"action": "offer_created", "payload": {"id": 12345, "application_id": 234556, "offer_status": "Created"}},
}
DEAD_LETTER: dict[str, Any] = {
    "id": "dl_5a0c6e1f2b3d4c58",
    "queue": "signpost.dead",
    "message_id": "e-1",
    "tenant": "acme",
    "type": "offer.extended",
    "kind": "sender",
    "group": "quota",
    "reason": "quota: 20,000 of 20,000 cases are stored, and the event would begin a case",
    "failed_at": "2026-03-02T14:00:00Z",
    "from_queue": "signpost.advisor",
    "requeues": 0,
    "size": 517,
    "body": EVENT,
}
DEAD_LETTER_GROUP: dict[str, Any] = {
    "kind": "sender",
    "reason": "quota",
    "number": 1,
    "tenants": ["acme"],
    "oldest": "2026-03-02T14:00:00Z",
    "latest": "2026-03-02T14:00:00Z",
}
