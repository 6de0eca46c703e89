"""The responses of the intake as components of the OpenAPI document. Data only."""

from signpost.names import AUDIENCES, PRIORITIES
from signpost.schemas.agenda import CardSchema, HeldSchema
from signpost.schemas.calendar_links import CalendarLinkSchema
from signpost.schemas.containers import object_schema
from signpost.schemas.feedback import FeedbackSchema
from signpost.schemas.fields import JsonSchema
from signpost.schemas.forecast import ForecastSchema, TenantForecastSchema
from signpost.schemas.money import MoneySchema
from signpost.schemas.questions import QuestionSchema
from signpost.schemas.recommendation import RecommendationSchema
from signpost.schemas.simulation import SimulationSchema


def ref(name: str) -> JsonSchema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def of(required: str, **properties: JsonSchema) -> JsonSchema:
    """Return the schema of an object; `required` lists names separated by spaces."""
    return {"type": "object", "properties": properties, "required": required.split()}


_TEXT: JsonSchema = {"type": "string"}
_TEXTS: JsonSchema = {"type": "array", "items": _TEXT}
_INTEGER: JsonSchema = {"type": "integer"}
_INSTANT: JsonSchema = {"type": "string", "format": "date-time"}
_NULLABLE_INSTANT: JsonSchema = {"type": ["string", "null"], "format": "date-time"}
_ACTIVE = of(
    "rule subject priority title due valid_until",
    rule=_TEXT,
    subject=_TEXT,
    priority=_TEXT,
    title=_TEXT,
    due=_NULLABLE_INSTANT,
    valid_until=_NULLABLE_INSTANT,
)
_ERRORS: JsonSchema = {"type": "array", "items": of("pointer detail", pointer=_TEXT, detail=_TEXT)}
_MORE: JsonSchema = {"type": "integer", "minimum": 1, "description": "Problems that are not listed in `errors`."}
_ITEM = of(
    "index id status errors",
    index=_INTEGER,
    id={"type": ["string", "null"]},
    status=_INTEGER,
    errors=_ERRORS,
    more=_MORE,
)
_SUPPRESSED = of("rule subject by", rule=_TEXT, subject=_TEXT, by=_TEXT)
_STATES = ("active", "done", "dismissed", "snoozed", "suppressed", "superseded")
_ADVICE_STATE = of(
    "id state until by",
    id=_TEXT,
    state={"enum": list(_STATES)},
    until=_NULLABLE_INSTANT,
    by={"type": ["string", "null"]},
)
_CHANGE = of("fact now values words", fact=_TEXT, now={}, values={"type": "array", "items": {}}, words=_TEXT)
DELIVERY_STATUSES = ("accepted", "ignored", "unsigned", "refused", "unavailable")
_DELIVERY_FIELDS: JsonSchema = {
    "id": _TEXT,
    "source": _TEXT,
    "received_at": _INSTANT,
    "status": {"enum": list(DELIVERY_STATUSES)},
    "size": _INTEGER,
    "events": {"type": "array", "items": of("type id subject", type=_TEXT, id=_TEXT, subject=_TEXT)},
    "problems": _ERRORS,
    "verified": {"type": "boolean"},
    "replayable": {"type": "boolean"},
}
_DELIVERY_SUMMARY = of(" ".join(_DELIVERY_FIELDS), **_DELIVERY_FIELDS)
_DELIVERY = of(" ".join([*_DELIVERY_FIELDS, "body"]), **_DELIVERY_FIELDS, body={})
DEAD_LETTER_KINDS = ("ours", "sender", "consumer")
_DEAD_LETTER_FIELDS: JsonSchema = {
    "id": _TEXT,
    "queue": _TEXT,
    "message_id": {"type": "string", "description": "The id of the event or recommendation"},
    "tenant": _TEXT,
    "type": {"type": "string", "description": "Like `offer.extended`; empty if the message has none"},
    "kind": {"enum": list(DEAD_LETTER_KINDS), "description": "Whose fault it is"},
    "group": {"type": "string", "description": "The reason without its details"},
    "reason": _TEXT,
    "failed_at": _NULLABLE_INSTANT,
    "from_queue": _TEXT,
    "requeues": {"type": "integer", "minimum": 0, "description": "How often it was requeued before"},
    "size": _INTEGER,
}
_DEAD_LETTER_GROUP = of(
    "kind reason number tenants oldest latest",
    kind={"enum": list(DEAD_LETTER_KINDS)},
    reason=_TEXT,
    number={"type": "integer", "minimum": 1},
    tenants=_TEXTS,
    oldest=_NULLABLE_INSTANT,
    latest=_NULLABLE_INSTANT,
)
_NULLABLE_TEXT: JsonSchema = {"type": ["string", "null"]}
_COUNTS = of(" ".join(PRIORITIES), **{priority: {"type": "integer", "minimum": 0} for priority in PRIORITIES})
_CANDIDATE = of(
    "id name active highest_priority next_change updated",
    id=_TEXT,
    name=_NULLABLE_TEXT,
    active=of(" ".join(AUDIENCES), **dict.fromkeys(AUDIENCES, _COUNTS)),
    highest_priority={"enum": [*PRIORITIES, None]},
    next_change=_NULLABLE_INSTANT,
    updated=_INSTANT,
)
_AGENDA_MEMBERS = "candidate audience employer at sequence is_waiting cards held"
_AGENDA: dict[str, JsonSchema] = {
    "candidate": _TEXT,
    "audience": {"type": "string", "enum": list(AUDIENCES)},
    "employer": {"type": ["string", "null"]},
    "at": _INSTANT,
    "sequence": {"type": "integer", "minimum": 0, "description": "Of the agenda published last; 0: none was"},
    "is_waiting": {"type": "boolean", "description": "Whether a newer one waits to be published"},
    "cards": {"type": "array", "items": ref("Card")},
    "held": {"type": "array", "items": ref("Held")},
}
_CALENDAR_LINK: JsonSchema = {"id": _TEXT, "created": _INSTANT, "expires": _NULLABLE_INSTANT}
ANSWERS: JsonSchema = {
    "Problem": of(
        "type title status",
        type=_TEXT,
        title=_TEXT,
        status=_INTEGER,
        detail=_TEXT,
        errors=_ERRORS,
        more=_MORE,
        delivery={**_TEXT, "description": "The delivery id of a webhook that was verified."},
    ),
    "Accepted": of("status", id=_TEXT, events=_INTEGER, status=_INTEGER, delivery=_TEXT),
    "BatchAnswer": of("items", items={"type": "array", "items": _ITEM}),
    "Recommendation": object_schema(RecommendationSchema),
    "Advice": of(
        "candidate active suppressed",
        candidate=_TEXT,
        active={"type": "array", "items": ref("Recommendation")},
        suppressed={"type": "array", "items": _SUPPRESSED},
    ),
    "Candidate": _CANDIDATE,
    "Candidates": of("items next", items={"type": "array", "items": ref("Candidate")}, next=_NULLABLE_TEXT),
    "CalendarLinkRequest": {**object_schema(CalendarLinkSchema), "description": "`expires` is in the future."},
    "CalendarLink": of("id url created expires", url={"type": "string", "format": "uri"}, **_CALENDAR_LINK),
    "CalendarLinks": of("items", items={"type": "array", "items": of("id created expires", **_CALENDAR_LINK)}),
    "Case": of(
        "candidate case next_change rulebook",
        candidate=_TEXT,
        case={"type": "object"},
        next_change={"type": ["string", "null"], "format": "date-time"},
        rulebook=_TEXT,
    ),
    "Feed": of(
        "items next", items={"type": "array", "items": ref("RecommendationChange")}, next={"type": ["string", "null"]}
    ),
    "Delivery": _DELIVERY,
    "Deliveries": of(
        "items next", items={"type": "array", "items": _DELIVERY_SUMMARY}, next={"type": ["string", "null"]}
    ),
    "DeadLetter": of(" ".join([*_DEAD_LETTER_FIELDS, "body"]), **_DEAD_LETTER_FIELDS, body={}),
    "DeadLetters": of(
        "items groups matching complete",
        items={"type": "array", "items": of(" ".join(_DEAD_LETTER_FIELDS), **_DEAD_LETTER_FIELDS)},
        groups={"type": "array", "items": _DEAD_LETTER_GROUP},
        matching={"type": "integer", "minimum": 0, "description": "Dead letters that match; `items` has the latest"},
        complete={"type": "boolean", "description": "Whether the whole queue was read"},
    ),
    "RequeuedLetter": of("id status", id=_TEXT, status={"enum": ["requeued"]}),
    "Health": of(
        "status",
        status={"enum": ["ok", "degraded", "unavailable"]},
        broker=_TEXT,
        database=_TEXT,
        outbox=_TEXT,
        tenants=_TEXT,
    ),
    "Simulation": {
        **object_schema(SimulationSchema),
        "description": "`events` are as POST /v1/events takes them. `until` is at most 366 days after `at`.",
    },
    "Feedback": {
        **object_schema(FeedbackSchema),
        "description": "`until` is required with the answer `snoozed`, and not allowed with the others.",
    },
    "Simulated": of(
        "candidate others at until changes active suppressed next_change",
        candidate=_TEXT,
        others={
            "type": "array",
            "items": _TEXT,
            "description": "The other candidates of the events, by case: only `changes` has their advice",
        },
        at=_INSTANT,
        until=_INSTANT,
        changes={"type": "array", "items": ref("Recommendation")},
        active={"type": "array", "items": _ACTIVE},
        suppressed={"type": "array", "items": _SUPPRESSED},
        next_change=_NULLABLE_INSTANT,
    ),
    "Reason": of(
        "condition of answer seen turns parts",
        condition=_TEXT,
        of={"type": ["string", "null"]},
        answer={"enum": ["yes", "no", "unknown"]},
        seen={"type": "array", "items": {"type": "object"}},
        turns=_NULLABLE_INSTANT,
        parts={"type": "array", "items": ref("Reason")},
    ),
    "Explanation": of(
        "rule subject at rulebook holds priority because levels due valid_until told suppressed_by next if_changed "
        "if_there_were complete article",
        rule=_TEXT,
        subject=of("kind id", kind=_TEXT, id=_TEXT),
        at=_INSTANT,
        rulebook=_TEXT,
        holds={"type": "boolean"},
        priority={"type": ["string", "null"]},
        because={"type": "array", "items": ref("Reason")},
        levels=_TEXTS,
        due=_NULLABLE_INSTANT,
        valid_until=_NULLABLE_INSTANT,
        told={"anyOf": [_ADVICE_STATE, {"type": "null"}]},
        suppressed_by=_TEXTS,
        next={"anyOf": [of("at change", at=_INSTANT, change=_TEXT), {"type": "null"}]},
        if_changed={"type": "array", "items": _CHANGE},
        if_there_were={
            "type": "array",
            "items": of("entity such_that", entity=_TEXT, such_that=_TEXTS),
        },
        complete={"type": "boolean"},
        article=of("id title", id=_TEXT, title=_TEXT),
    ),
    "Card": object_schema(CardSchema),
    "Held": object_schema(HeldSchema),
    "Agenda": of(f"{_AGENDA_MEMBERS} questions", **_AGENDA, questions={"type": "array", "items": ref("Question")}),
    "EmployerAgenda": of(
        "employer items next",
        employer=_TEXT,
        items={"type": "array", "items": of(_AGENDA_MEMBERS, **_AGENDA)},
        next={"type": ["string", "null"]},
    ),
    "AcceptedAll": of("ids status", ids=_TEXTS, status={"type": "integer"}),
    "Question": object_schema(QuestionSchema),
    "Questions": of(
        "candidate at rulebook questions",
        candidate=_TEXT,
        at=_INSTANT,
        rulebook=_TEXT,
        questions={"type": "array", "items": ref("Question")},
    ),
    "Forecast": object_schema(ForecastSchema),
    "TenantForecast": object_schema(TenantForecastSchema),
    "money": object_schema(MoneySchema),
}
