"""The JSON Schema of rule files, for editors: completion and hints while writing. The loader is stricter and has
the last word."""

import json
from pathlib import Path
from typing import Any

from signpost.facts.vocabulary import KINDS, Field
from signpost.names import AUDIENCES, PRIORITIES, SUBJECTS
from signpost.rulebook.conditions import RELATED_KINDS
from signpost.rulebook.phrases import HINTS
from signpost.rulebook.rule import ATTACHMENTS, RULE_ID

FILE = "rulebook.schema.json"
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}


def rule_file_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a topic's file: rule ids to rules."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Signpost rules of one topic",
        "type": "object",
        "patternProperties": {f"^{RULE_ID.pattern}$": {"$ref": "#/$defs/rule"}},
        "additionalProperties": False,
        "$defs": {"rule": _rule(), **{f"{kind} conditions": _conditions(kind, related=False) for kind in SUBJECTS}}
        | {f"related {kind}": _conditions(kind, related=True) for kind in RELATED_KINDS},
    }


def write(folder: Path) -> Path:
    """Write the schema beside the rules."""
    path = folder / FILE
    path.write_text(json.dumps(rule_file_schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _rule() -> dict[str, Any]:
    draft = {"type": "object", "properties": {"title": _TEXT, "body": _TEXT}, "required": ["title", "body"]}
    properties = {
        "about": {"enum": list(SUBJECTS), "description": "what one recommendation is about"},
        "audience": {"enum": list(AUDIENCES), "default": "candidate"},
        "source": {**_TEXT, "description": "the article, as sources.yaml names it"},
        "norms": {**_TEXTS, "description": "norms of sources.yaml that the text leans on"},
        "params": {"type": "object", "description": "named amounts that a tenant may set: wait: 3d, least: 50"},
        "define": {"type": "object", "description": "named moments and durations: last_day: notice before start_date"},
        "when": {"type": "object"},
        "valid": {**_TEXT, "description": "for DURATION after INSTANT"},
        "priority": _priority(),
        "due": {**_TEXT, "description": "an instant: respond_by, or wait after completed_at"},
        "title": {**_TEXT, "maxLength": 200},
        "message": _TEXT,
        "steps": _TEXTS,
        "drafts": {"type": "object", "additionalProperties": {**draft, "additionalProperties": False}},
        "suppresses": {**_TEXTS, "description": "rules that are not told about the same subject while this one holds"},
        "opposes": {**_TEXTS, "description": "rules that say the opposite: they must never hold beside this one"},
        "attaches": {"enum": list(ATTACHMENTS)},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["about", "source", "when", "priority", "title", "message"],
        "additionalProperties": False,
        "allOf": [_about(kind) for kind in SUBJECTS],
    }


def _about(kind: str) -> dict[str, Any]:
    when = {"properties": {"when": {"$ref": f"#/$defs/{kind} conditions"}}}
    return {"if": {"properties": {"about": {"const": kind}}}, "then": when}


def _priority() -> dict[str, Any]:
    levels = {"type": "object", "propertyNames": {"enum": list(PRIORITIES)}, "minProperties": 1}
    return {"oneOf": [{"enum": list(PRIORITIES)}, levels], "description": "a word, or from when each applies"}


def _conditions(kind: str, *, related: bool) -> dict[str, Any]:
    name = f"related {kind}" if related else f"{kind} conditions"
    again = {"$ref": f"#/$defs/{name}"}
    properties: dict[str, Any] = {field.name: _field(field) for field in KINDS[kind].values()}
    properties |= {
        "any of": {"type": "array", "items": again, "minItems": 2},
        "all of": {"type": "array", "items": again, "minItems": 1},
        "any unknown": {"type": "array", "items": {"enum": list(KINDS[kind])}, "minItems": 1},
        "candidate": {"$ref": "#/$defs/candidate conditions"},
    }
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": not related}
    if related:
        properties["for"] = {"const": "this one"}
        return schema
    schema["patternProperties"] = {
        f"^(any|no|at least [0-9]+|fewer than [0-9]+) (other )?{other}s?( as [a-z_]+)?$": {
            "$ref": f"#/$defs/related {other}"
        }
        for other in RELATED_KINDS
    }
    return schema


def _field(field: Field) -> dict[str, Any]:
    hint = {"description": f"{field.type}: known, unknown; {HINTS[field.type]}"}
    if field.type == "choice":
        return {**hint, "examples": [*field.choices, "known", "unknown"]}
    return hint
