"""The JSON Schema of timeline files, for editors. The reader of timelines checks more and decides."""

from signpost.authoring.timelines.expectations import ADVICE
from signpost.authoring.timelines.reader import TIMELINE_KEYS
from signpost.names import PRIORITIES
from signpost.rulebook.rule import RULE_ID
from signpost.rulebook.schema_values import DRAFT, JsonSchema
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.containers import object_schema
from signpost.schemas.meanings import event_data_schema
from signpost.schemas.money import MoneySchema

_TIME = {
    "type": "string",
    "pattern": "^([0-9]+[wdhms])+$",
    "description": "Virtual time since the start, for example 90m, 36h or 5d1h.",
}
_INSTANT = {"type": "string", "description": "An instant with its UTC offset, for example 2026-03-02T09:00:00-05:00."}
_ID = {"type": ["string", "number"]}
_ADVICE = {
    "type": "string",
    "pattern": f"^{ADVICE.pattern}$",
    "description": "RULE@KIND/ID, for example send-thank-you@interview/i-7.",
}
_PLAIN_KEYS = {
    "at": _TIME,
    "type": {"enum": list(EVENT_SCHEMAS), "description": "The type of the event."},
    "sent": {**_TIME, "description": "When the event arrives, if later than it happens."},
    "id": {**_ID, "description": "The id of the event; by default e-1, e-2 and so on."},
    "subject": {"type": "string", "description": "Whom the event is about; by default the timeline's candidate."},
}


def timeline_file_schema() -> JsonSchema:
    """JSON Schema of a file of timelines."""
    timelines = {"type": "array", "items": {"$ref": "#/$defs/timeline"}, "minItems": 1}
    return {
        "$schema": DRAFT,
        "title": "Signpost timelines",
        "type": "object",
        "properties": {"timelines": timelines},
        "required": ["timelines"],
        "additionalProperties": False,
        "$defs": {
            "timeline": _timeline(),
            "event": _event(),
            "expectation": _expectation(),
            "money": object_schema(MoneySchema),
        },
    }


def _timeline() -> JsonSchema:
    overrides = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    properties: JsonSchema = {
        "name": {"type": "string", "minLength": 1, "description": "What the timeline shows."},
        "start": {**_INSTANT, "description": "When virtual time starts, as an instant with its UTC offset."},
        "candidate": {**_ID, "description": "The candidate's id; by default c-1."},
        "params": {
            "type": "object",
            "propertyNames": {"pattern": f"^{RULE_ID.pattern}$"},
            "additionalProperties": overrides,
            "description": "Parameters of rules that this timeline sets: rule, parameter, value.",
        },
        "events": {"type": "array", "items": {"$ref": "#/$defs/event"}, "description": "What happens, and when."},
        "expect": {
            "type": "array",
            "items": {"$ref": "#/$defs/expectation"},
            "minItems": 1,
            "description": "Which advice is active, and when.",
        },
    }
    return {
        "type": "object",
        "properties": {key: properties[key] for key in TIMELINE_KEYS},
        "required": ["name", "start", "events", "expect"],
        "additionalProperties": False,
    }


def _event() -> JsonSchema:
    """Types with the same fields share one entry."""
    data = {name: event_data_schema(name) for name in EVENT_SCHEMAS}
    groups: list[tuple[list[str], JsonSchema]] = []
    for name, schema in data.items():
        same = next((names for names, other in groups if other == schema), None)
        groups.append(([name], schema)) if same is None else same.append(name)
    return {
        "type": "object",
        "properties": _PLAIN_KEYS,
        "required": ["at", "type"],
        "allOf": [_of_types(names, schema) for names, schema in groups],
    }


def _of_types(names: list[str], schema: JsonSchema) -> JsonSchema:
    then = {**schema, "properties": {**dict.fromkeys(_PLAIN_KEYS, True), **schema["properties"]}}
    return {"if": {"properties": {"type": {"enum": names}}, "required": ["type"]}, "then": then}


def _expectation() -> JsonSchema:
    listed = {"type": "array", "items": _ADVICE}
    ids = {"type": "array", "items": _ID}
    return {
        "type": "object",
        "properties": {
            "at": _TIME,
            "includes": {**listed, "description": "This advice is active."},
            "excludes": {**listed, "description": "This advice is not active."},
            "exactly": {**listed, "description": "This advice is active, and no other."},
            "priority": _of_advice({"enum": list(PRIORITIES)}, "Advice and its priority."),
            "due": _of_advice({"type": ["string", "null"]}, "Advice and when it is due; null for no time."),
            "because": _of_advice(ids, "Advice and the ids of the entities and events behind it."),
        },
        "required": ["at"],
        "minProperties": 2,
        "additionalProperties": False,
    }


def _of_advice(value: JsonSchema, description: str) -> JsonSchema:
    names = {"pattern": _ADVICE["pattern"]}
    return {"type": "object", "propertyNames": names, "additionalProperties": value, "description": description}
