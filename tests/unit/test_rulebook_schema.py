"""The editors' JSON Schema: up to date beside the rules, and true of every rule file."""

import json

import jsonschema
import yaml

from signpost.rulebook.schema import FILE, rule_file_schema
from tests.support.rulebooks import RULES


def test_the_schema_beside_the_rules_is_up_to_date() -> None:
    assert json.loads((RULES / FILE).read_text()) == rule_file_schema(), "run: python -m signpost.rulebook rules"


def test_every_rule_file_keeps_it() -> None:
    validator = jsonschema.Draft202012Validator(rule_file_schema())
    files = [path for path in RULES.glob("*.yaml") if path.name != "sources.yaml"]
    assert len(files) >= 5
    for path in files:
        assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))] == [], path.name


def test_it_notices_what_an_editor_should_mark() -> None:
    validator = jsonschema.Draft202012Validator(rule_file_schema())
    rule = {
        "about": "offer",
        "source": "a",
        "when": {"stage": "open"},
        "priority": "high",
        "title": "T",
        "message": "M",
    }
    assert validator.is_valid({"r": rule})
    mistakes: list[dict[str, object]] = [
        {"about": "ofer"},
        {"priority": "hihg"},
        {"wehn": {}},
        {"priority": {"soon": "x"}},
    ]
    for broken in mistakes:
        assert not validator.is_valid({"r": rule | broken})
