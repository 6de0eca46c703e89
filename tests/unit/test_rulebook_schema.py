"""The JSON Schemas for editors: up to date, true of every rule file and timeline, false of mistakes."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from signpost.authoring.editor import FIELD_SCHEMA, RULE_SCHEMA, TIMELINE_SCHEMA, editor_schemas
from signpost.cli.rules import rules
from signpost.rulebook.folders import is_topic
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import read
from tests.support.rulebooks import OWN_FIELDS, RULES, every_term

SCHEMAS = editor_schemas(RULES)
RULE, TIMELINE = (jsonschema.Draft7Validator(SCHEMAS[name]) for name in (RULE_SCHEMA, TIMELINE_SCHEMA))
RULE_FILES = sorted(path for path in RULES.glob("*.yaml") if is_topic(path))
TIMELINE_FILES = sorted(path for path in (RULES / "timelines").glob("*.yaml") if path.name != "survivors.yaml")
GOOD = """
r:
  about: offer
  source: hired
  when: {stage: open}
  priority: high
  title: Do it
  message: Now
"""
GOOD_TIMELINE = """
timelines:
  - name: one
    start: 2026-03-02T09:00:00Z
    events:
      - {at: 0h, type: offer.extended, offer: acme}
    expect:
      - {at: 1h, includes: [r@offer/acme]}
"""


def content(path: Path) -> Any:
    """As an editor reads it: instants and dates are texts."""
    node = read(path, path.name, Problems())
    return node.plain() if node else None


def parsed(text: str) -> Any:
    return yaml.load(text, Loader=yaml.BaseLoader)


def errors(validator: jsonschema.Draft7Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_the_schemas_beside_the_rules_are_up_to_date(tmp_path: Path) -> None:
    for name in ("sources.yaml", "acts.yaml"):
        shutil.copy(RULES / name, tmp_path)
    result = CliRunner().invoke(rules, ["schema", str(tmp_path)])
    assert result.stdout.splitlines() == [f"{tmp_path / name} written" for name in SCHEMAS]
    for name in SCHEMAS:
        assert (RULES / name).read_text() == (tmp_path / name).read_text(), "run: make generate"
        jsonschema.Draft7Validator.check_schema(json.loads((RULES / name).read_text()))


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_every_rule_file_keeps_its_schema(path: Path) -> None:
    assert errors(RULE, content(path)) == []


@pytest.mark.parametrize("path", TIMELINE_FILES, ids=lambda path: path.name)
def test_every_timeline_keeps_its_schema(path: Path) -> None:
    assert errors(TIMELINE, content(path)) == []


def test_every_kind_of_condition_keeps_it(tmp_path: Path) -> None:
    assert len(every_term(tmp_path).rules) > 50
    schema = jsonschema.Draft7Validator(editor_schemas(tmp_path)[RULE_SCHEMA])
    assert errors(schema, content(tmp_path / "topic.yaml")) == []


def test_rules_can_use_the_fields_that_a_folder_declares(tmp_path: Path) -> None:
    (tmp_path / "fields.yaml").write_text(OWN_FIELDS)
    written = CliRunner().invoke(rules, ["schema", f"ours:{tmp_path}"])
    assert written.stdout.splitlines() == [f"{tmp_path / name} written" for name in SCHEMAS]
    schema = json.loads((tmp_path / RULE_SCHEMA).read_text())
    own = jsonschema.Draft7Validator(schema)
    used = GOOD.replace("{stage: open}", "{shift: night, candidate: {needs_visa: true}, any unknown: [sign_on]}")
    assert errors(own, parsed(used.replace("needs_visa: true", "needs_visa: known"))) == []
    assert errors(RULE, parsed(used))
    assert errors(own, parsed(used.replace("shift: night", "shift: noon")))
    described = schema["$defs"]["offer.probation_period"]["description"]
    assert described.startswith("Probation period. (days)")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fields:", "felds:"),
        ("  offer:", "  offers:"),
        ("probation_period:", "Probation:"),
        ("type: days", "type: day"),
        ("type: days, ", ""),
        (", visible_to: employer", ""),
        ("visible_to: employer", "visible_to: all"),
        ("choices: [day, night]", "choices: []"),
        ("choices: [day, night]", "choice: [day, night]"),
    ],
)
def test_a_mistake_in_a_declaration_is_marked(before: str, after: str) -> None:
    schema = jsonschema.Draft7Validator(SCHEMAS[FIELD_SCHEMA])
    assert errors(schema, parsed(OWN_FIELDS)) == []
    assert before in OWN_FIELDS
    assert errors(schema, parsed(OWN_FIELDS.replace(before, after)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("about: offer", "about: ofer"),
        ("about: offer", "audience: employee\n  about: offer"),
        ("source: hired", "source: fired"),
        ("source: hired", "source: hired\n  norms: [no-such-norm]"),
        ("when:", "wehn:"),
        ("  title: Do it\n", ""),
        ("{stage: open}", "{}"),
        ("{stage: open}", "{stage: opn}"),
        ("{stage: open}", "{stage: [open, acepted]}"),
        ("{stage: open}", "{stage: not opn}"),
        ("{stage: open}", "{stage: open or accepted}"),
        ("{stage: open}", "{stagee: open}"),
        ("{stage: open}", "{has_family: known}"),
        ("{stage: open}", "{title: unknown or Analyst}"),
        ("{stage: open}", "{respond_by: soon}"),
        ("{stage: open}", "{respond_by: within 72h}"),
        ("{stage: open}", "{respond_by: passed and soon}"),
        ("{stage: open}", "{salary: big}"),
        ("{stage: open}", "{salary: unknown or below bonus}"),
        ("{stage: open}", "{hours_per_week: many}"),
        ("{stage: open}", "{conditions: includes nothing_known}"),
        ("{stage: open}", "{highlights: full}"),
        ("{stage: open}", "{location: open}"),
        ("{stage: open}", "{candidate: {stage: open}}"),
        ("{stage: open}", "{candidate: {workplace: remot}}"),
        ("{stage: open}", "{any unknown: [salry]}"),
        ("{stage: open}", "{any of: [{stage: open}]}"),
        ("{stage: open}", "{any of: [{stage: open}, {salry: known}]}"),
        ("{stage: open}", "{any othr offer: {stage: open}}"),
        ("{stage: open}", "{any other offer: {stage: opn}}"),
        ("{stage: open}", "{no contact: {for: this, by: candidate}}"),
        ("{stage: open}", "{no contact: {by: nobody}}"),
        ("{stage: open}", "{any offer: {any interview: {stage: completed}}}"),
        ("priority: high", "priority: hihg"),
        ("priority: high", "priority: {nromal: from the start}"),
        ("priority: high", "priority: {normal: from the start, urgent: {stage: opn}}"),
        ("priority: high", "priority: high\n  valid: a week"),
        ("priority: high", "priority: high\n  define: {a: {value: start_date}}"),
        ("priority: high", "priority: high\n  drafts: {letter: {title: T}}"),
        ("r:", "R one:"),
    ],
)
def test_a_mistake_in_a_rule_is_marked(before: str, after: str) -> None:
    assert errors(RULE, parsed(GOOD)) == []
    assert before in GOOD
    assert errors(RULE, parsed(GOOD.replace(before, after)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("timelines:", "timeline:"),
        ("name: one", "nmae: one"),
        ("    start: 2026-03-02T09:00:00Z\n", ""),
        ("offer.extended", "offer.extnded"),
        ("offer: acme}", "ofer: acme}"),
        ("offer: acme}", "offer: acme, workplace: remot}"),
        ("offer: acme}", "offer: acme, salary: {amount: 1, per: year}}"),
        ("offer: acme}", "offer: acme, step: research}"),
        (", offer: acme}", "}"),
        ("at: 0h", "at: 2bd"),
        ("at: 0h", "at: soon"),
        ("includes:", "include:"),
        ("at: 1h, includes: [r@offer/acme]", "at: 1h"),
        ("r@offer/acme", "r@ofer/acme"),
        ("includes: [r@offer/acme]", "includes: r@offer/acme"),
        ("includes: [r@offer/acme]", "priority: {r@offer/acme: hihg}"),
        ("includes: [r@offer/acme]", "because: {r@offer/acme: acme}"),
    ],
)
def test_a_mistake_in_a_timeline_is_marked(before: str, after: str) -> None:
    assert errors(TIMELINE, parsed(GOOD_TIMELINE)) == []
    assert before in GOOD_TIMELINE
    assert errors(TIMELINE, parsed(GOOD_TIMELINE.replace(before, after)))


def test_every_key_of_a_rule_and_every_field_explains_itself() -> None:
    definitions = SCHEMAS[RULE_SCHEMA]["$defs"]
    assert [key for key, one in definitions["rule"]["properties"].items() if not one.get("description")] == []
    assert "when the candidate signed the formal letter" in definitions["offer.letter_signed_at"]["description"].lower()


def test_the_settings_of_the_repository_give_each_file_its_schema() -> None:
    settings = json.loads((RULES.parent / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    found = {schema: _matches(patterns) for schema, patterns in settings.items()}
    assert found == {
        f"rules/{RULE_SCHEMA}": set(RULE_FILES),
        f"rules/{FIELD_SCHEMA}": set(),
        f"rules/{TIMELINE_SCHEMA}": set(TIMELINE_FILES),
    }


def _matches(patterns: list[str]) -> set[Path]:
    found = {path for pattern in patterns if pattern[0] != "!" for path in RULES.parent.glob(pattern)}
    return found - {path for pattern in patterns if pattern[0] == "!" for path in RULES.parent.glob(pattern[1:])}
