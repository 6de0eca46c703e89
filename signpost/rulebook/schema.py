"""The JSON Schema of rule files, for editors: completion, hints and most errors while writing. The loader checks more
and is authoritative."""

from collections.abc import Iterable, Mapping
from typing import Any

from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.names import AUDIENCES, PRIORITIES, SUBJECTS
from signpost.rulebook.acts import Acts
from signpost.rulebook.conditions import RELATED_KINDS
from signpost.rulebook.implied import IMPLIABLE
from signpost.rulebook.rule import ATTACHMENTS, RULE_ID
from signpost.rulebook.schema_values import DRAFT, JsonSchema, moment_schema, value_schema
from signpost.rulebook.sources import Sources

NO_ACTS = Acts()
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_NAMES = {"pattern": "^[a-z][a-z0-9_]*$"}


def rule_file_schema(sources: Sources, vocabulary: Vocabulary = KINDS, acts: Acts = NO_ACTS) -> JsonSchema:
    """JSON Schema of a topic's file: rule ids to rules. `sources`: the articles and norms that rules can name.
    `vocabulary`: the fields that conditions can use. `acts`: what rules can declare as their act."""
    return {
        "$schema": DRAFT,
        "title": "Signpost rules of one topic",
        "type": "object",
        "patternProperties": {f"^{RULE_ID.pattern}$": {"$ref": "#/$defs/rule"}},
        "additionalProperties": False,
        "$defs": {
            "rule": _rule(sources, acts),
            "defined value": moment_schema(),
            **_fields(vocabulary),
            **_blocks(vocabulary),
        },
    }


def _rule(sources: Sources, acts: Acts) -> JsonSchema:
    draft = {"type": "object", "properties": {"title": _TEXT, "body": _TEXT}, "required": ["title", "body"]}
    scalar = {"type": ["string", "number", "boolean"]}
    properties = {
        "about": {"enum": list(SUBJECTS), "description": "What one recommendation is about."},
        "audience": {"enum": list(AUDIENCES), "default": "candidate", "description": "Who gets the advice."},
        "source": {**_enum_of(sources.articles), "description": "The article behind the rule, from sources.yaml."},
        "norms": {
            "type": "array",
            "items": _enum_of({name: str(norm.get("claim", "")) for name, norm in sources.norms.items()}),
            "description": "Norms of sources.yaml that the text relies on.",
        },
        "params": {
            "type": "object",
            "propertyNames": _NAMES,
            "additionalProperties": scalar,
            "description": "Named amounts that a tenant can set: wait: 3d, least: 50.",
        },
        "define": {
            "type": "object",
            "propertyNames": _NAMES,
            "description": "Named instants, dates, durations and numbers: last_day: notice before start_date.",
        },
        "when": {"type": "object", "description": "The conditions; all of them must hold."},
        "valid": {
            **_TEXT,
            "pattern": "^for .+ after .+$",
            "description": "When the advice expires although its conditions hold: for DURATION after INSTANT.",
        },
        "priority": {"description": "low, normal, high or urgent; or each with the moment from which it applies."},
        "due": {**_TEXT, "description": "When the step is due: respond_by, or wait after completed_at."},
        "title": {**_TEXT, "maxLength": 500, "description": "One line that says what to do. A template."},
        "message": {**_TEXT, "description": "Why, in a few sentences. A template."},
        "steps": {**_TEXTS, "description": "What to do, step by step. Templates; empty steps are left out."},
        "drafts": {
            "type": "object",
            "additionalProperties": {**draft, "additionalProperties": False},
            "description": "Letters to adapt and send, by name.",
        },
        "suppresses": {**_TEXTS, "description": "Rules about the same subject that are silent while this one holds."},
        "opposes": {**_TEXTS, "description": "Rules that advise the opposite and so must never hold beside this one."},
        "act": {**_enum_of(acts.phrases()), "description": "What it has the person do, one of acts.yaml."},
        "lasting": {**_TEXT, "description": "Why time alone never ends this advice, if nothing does."},
        "implies": {
            "type": "object",
            "propertyNames": {"enum": list(IMPLIABLE)},
            "additionalProperties": {"type": "object"},
            "minProperties": 1,
            "description": "Events about the subject that `done` implies: interview.prepared: {step: research}.",
        },
        "done_since": {
            **_TEXT,
            "description": "The instant of the subject that the step is about: done from before it does not count.",
        },
        "item": {
            **_TEXT,
            "description": 'Its line on a card that joins several; with a question, it completes "Ask ...".',
        },
        "opening": {**_TEXT, "description": "Its sentences at the beginning of the joined letter. A template."},
        "question": {
            "anyOf": [_TEXT, _TEXTS],
            "description": "What the joined letter asks: a sentence, or several; empty ones are left out.",
        },
        "point": {**_NAMES, "type": "string", "description": "Questions of one point are one point of the letter."},
        "weight": {
            "type": "number",
            "description": "Order among equals on the agenda and on a card: more comes first.",
        },
        "attaches": {"enum": list(ATTACHMENTS), "description": "What to add to the recommendation."},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["about", "source", "when", "priority", "title", "message"],
        "additionalProperties": False,
        "allOf": [_about(kind) for kind in SUBJECTS],
    }


def _enum_of(known: Mapping[str, str]) -> JsonSchema:
    """One of the names that sources.yaml declares, each with its description."""
    return {"enum": list(known), "enumDescriptions": list(known.values())} if known else _TEXT


def _about(kind: str) -> JsonSchema:
    """Conditions are about the subject of the rule, and can use defined values only if the rule defines any."""
    return {
        "if": {"properties": {"about": {"const": kind}}, "required": ["about"]},
        "then": {"if": {"required": ["define"]}, "then": _uses(kind, "values"), "else": _uses(kind)},
    }


def _uses(kind: str, *variant: str) -> JsonSchema:
    block = {"$ref": f"#/$defs/{_name(kind, *variant)}"}
    words = {"enum": list(PRIORITIES)}
    level = {"anyOf": [_TEXT, block]}
    levels = {"type": "object", "propertyNames": words, "additionalProperties": level, "minProperties": 1}
    value = {"type": ["string", "number"]}
    case = {"type": "object", "properties": {"value": value, "when": block}, "required": ["value", "when"]}
    choice = {"anyOf": [value, {**case, "additionalProperties": False}]}
    listed = {"type": "array", "items": choice, "minItems": 1}
    return {
        "properties": {
            "when": block,
            "priority": {"anyOf": [words, levels]},
            "define": {"additionalProperties": {"anyOf": [choice, listed]}},
        }
    }


def _fields(vocabulary: Vocabulary) -> JsonSchema:
    named = ((f"{kind}.{name}", field) for kind, fields in vocabulary.items() for name, field in fields.items())
    values = {name: value_schema(field) for name, field in named}
    return {**values, **{f"fields of {kind}": {"enum": list(fields)} for kind, fields in vocabulary.items()}}


def _blocks(vocabulary: Vocabulary) -> JsonSchema:
    """Every kind of block of conditions. `related`: inside a relation; `values`: in a rule with defined values."""
    variants: Iterable[tuple[str, ...]] = ((), ("values",), ("related",), ("related", "values"))
    return {
        _name(kind, *variant): _conditions(kind, fields, variant)
        for variant in variants
        for kind, fields in vocabulary.items()
    }


def _name(kind: str, *variant: str) -> str:
    return " ".join(("conditions", kind, *variant))


def _conditions(kind: str, fields: Iterable[str], variant: tuple[str, ...]) -> JsonSchema:
    nested = {"$ref": f"#/$defs/{_name(kind, *variant)}"}
    properties: dict[str, Any] = {name: {"$ref": f"#/$defs/{kind}.{name}"} for name in fields}
    properties |= {
        "any of": _list(nested, 2, "At least one of these blocks holds."),
        "all of": _list(nested, 1, "Each of these blocks holds; for a second `any of`."),
        "any unknown": _list({"$ref": f"#/$defs/fields of {kind}"}, 1, "At least one of these fields is unknown."),
        "candidate": {"$ref": f"#/$defs/{_name('candidate', *variant)}"},
    }
    block: JsonSchema = {"type": "object", "properties": properties, "minProperties": 1}
    # The schema cannot know the names that a rule defines
    block["additionalProperties"] = {"$ref": "#/$defs/defined value"} if "values" in variant else False
    if "related" in variant:
        properties["for"] = {"const": "this one", "description": "It belongs to the subject of the rule."}
    else:
        block["patternProperties"] = {_relation(other): _related(other, *variant) for other in RELATED_KINDS}
    return block


def _list(item: JsonSchema, min_items: int, description: str) -> JsonSchema:
    return {"type": "array", "items": item, "minItems": min_items, "description": description}


def _relation(kind: str) -> str:
    return f"^(any|no|at least [0-9]+|fewer than [0-9]+) (other )?{kind}s?( as [a-z_]+)?$"


def _related(kind: str, *variant: str) -> JsonSchema:
    return {"$ref": f"#/$defs/{_name(kind, 'related', *variant)}"}
