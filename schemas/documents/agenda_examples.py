"""Example agendas, and the questions beside them, for the generated documents. Data only."""

from typing import Any

from signpost.names import JSON
from signpost.schemas.documents.examples import RECOMMENDATION_EVENT

QUESTIONS: dict[str, Any] = {
    "candidate": "c-1",
    "at": "2026-03-04T14:00:00Z",
    "rulebook": "4e1f7a55e6ed",
    "questions": [
        {
            "fact": "candidate/c-1 employed",
            "subject": {"kind": "candidate", "id": "c-1"},
            "text": "Do you have a job at present?",
            "priority": "high",
            "rules": [
                {
                    "rule": "wait-for-signed-letter",
                    "subject": {"kind": "offer", "id": "acme-1"},
                    "priority": "high",
                }
            ],
            "answers": [
                {
                    "text": "Yes",
                    "event": {"type": "signpost.employment.current.v1", "subject": "c-1", "data": {}},
                    "fill": None,
                },
                {
                    "text": "No",
                    "event": {"type": "signpost.employment.ended.v1", "subject": "c-1", "data": {}},
                    "fill": None,
                },
            ],
        },
        {
            "fact": "offer/acme-1 commute_minutes",
            "subject": {"kind": "offer", "id": "acme-1"},
            "text": "How many minutes would your way to work at Acme take?",
            "priority": "normal",
            "rules": [{"rule": "weigh-commute", "subject": {"kind": "offer", "id": "acme-1"}, "priority": "normal"}],
            "answers": [
                {
                    "text": "Minutes for one way",
                    "event": {
                        "type": "signpost.offer.updated.v1",
                        "subject": "c-1",
                        "data": {"offer": "acme-1", "commute_minutes": None},
                    },
                    "fill": {
                        "pointer": "/data/commute_minutes",
                        "schema": {"type": "integer", "minimum": 0},
                        "example": 61,
                    },
                }
            ],
        },
    ],
}
QUESTIONS_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "q_5f1c.1",
    "source": "signpost",
    "type": "signpost.questions.changed.v1",
    "time": "2026-03-04T14:00:00Z",
    "subject": "c-1",
    "datacontenttype": JSON,
    "tenant": "careers-north",
    "link": "/v1/candidates/c-1/questions",
    "data": {
        "id": "q_5f1c",
        "sequence": 1,
        "candidate": "c-1",
        "changed_at": "2026-03-04T14:00:00Z",
        "rulebook": QUESTIONS["rulebook"],
        "questions": QUESTIONS["questions"],
    },
}
AGENDA_CARD: dict[str, Any] = {
    "id": "card_9a31f04c",
    "kind": "write-to-employer",
    "title": "Write to Acme: thank them and ask one thing",
    "message": "One message to Acme settles these points.",
    "steps": ["Thank them for the offer", "By when they need your answer"],
    "drafts": [
        {
            "name": "letter",
            "title": "Thank you, and a question",
            "body": "Dear Ms Lee,\n\nThank you very much for the offer. By when do you need my answer?\n\n"
            "Kind regards,\nMaria",
        }
    ],
    "comparison": None,
    "employer": {"id": "acme", "name": "Acme"},
    "priority": "high",
    "due": None,
    "why_here": "high priority, useful until Thursday, 5 March 2026, 10:00",
    "recommendations": [RECOMMENDATION_EVENT["data"]["id"]],
}
_HELD: dict[str, Any] = {
    "recommendation": "rec_77b0a1",
    "rule": "rank-benefits",
    "title": "Rank what matters most to you in an offer",
    "priority": "normal",
    "reason": "3 cards come first",
    "until": None,
}
_AGENDA: dict[str, Any] = {
    "candidate": "c-1",
    "audience": "candidate",
    "employer": None,
    "at": "2026-03-02T14:00:00Z",
    "sequence": 1,
    "is_waiting": False,
    "cards": [AGENDA_CARD],
    "held": [_HELD],
}
AGENDA_ANSWER: dict[str, Any] = {**_AGENDA, "questions": QUESTIONS["questions"]}
EMPLOYER_AGENDA: dict[str, Any] = {
    "employer": "acme",
    "items": [{**_AGENDA, "audience": "employer", "employer": "acme", "held": []}],
    "next": None,
}
AGENDA_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "agenda_41c8.1",
    "source": "signpost",
    "type": "signpost.agenda.changed.v1",
    "time": "2026-03-02T14:01:00Z",
    "subject": "c-1",
    "datacontenttype": JSON,
    "tenant": "careers-north",
    "link": "/v1/candidates/c-1/agenda",
    "data": {
        "id": "agenda_41c8",
        "sequence": 1,
        "audience": "candidate",
        "candidate": "c-1",
        "employer": None,
        "changed_at": "2026-03-02T14:01:00Z",
        "changes": {"added": [AGENDA_CARD["id"]], "changed": [], "removed": []},
        "cards": [AGENDA_CARD],
        "held": [_HELD],
    },
}
