"""One mistake in a name, place or word of a rule, its fields or its timeline is one problem that says what to write."""

from datetime import date
from pathlib import Path

import pytest

from signpost.authoring.inspection import inspect
from signpost.rulebook.own_fields import declared_kinds
from signpost.settings import SHIPPED_RULES
from tests.support.own_folders import folder, rule

TODAY = date(2026, 12, 1)
TIMELINE = """timelines:
  - name: visa
    start: 2026-03-02T09:00:00Z
    events:
      - {at: 0m, type: offer.extended, offer: o-1, custom: {visa_sponsored: true}}
    expect:
      - {at: 0m, includes: [ask-it@offer/o-1]}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder without a problem: own fields, a rule that uses one, and its timeline."""
    made = folder(tmp_path / "mine", rule("visa_sponsored: true"))
    (made / "timelines").mkdir()
    (made / "timelines" / "own.yaml").write_text(TIMELINE)
    assert problems(made) == []
    return made


def problems(path: Path) -> list[str]:
    _, found = inspect((path,), TODAY)
    return [str(one).replace(f"{path}/", "") for one in found]


@pytest.mark.parametrize(
    ("name", "other", "problem"),
    [
        ("fields.yaml", "fields.yml", "R007 this file is not read (call it fields.yaml)"),
        ("sources.yaml", "sources.yml", "R007 this file is not read (call it sources.yaml)"),
        ("own.yaml", "own.yml", "R007 this file is not read (call it own.yaml)"),
        ("own.yaml", "own.YAML", "R007 this file is not read (call it own.yaml)"),
        ("timelines/own.yaml", "timelines/own.yml", "R007 this file is not read (call it own.yaml)"),
        (
            "timelines/own.yaml",
            "visa.yml",
            "R007 this file is not read (call it visa.yaml and move it to timelines/)",
        ),
        ("fields.yaml", "field.yaml", "R007 field.yaml holds own fields (did you mean fields.yaml?)"),
        ("fields.yaml", "visa.yaml", "R007 visa.yaml holds own fields (did you mean fields.yaml?)"),
        ("sources.yaml", "source.yaml", "R007 source.yaml holds articles or norms (did you mean sources.yaml?)"),
        ("timelines/own.yaml", "visa.yaml", "R007 this is a timeline file (move it to timelines/)"),
    ],
)
def test_a_misnamed_file_is_one_problem(rules: Path, name: str, other: str, problem: str) -> None:
    (rules / name).rename(rules / other)
    assert problems(rules) == [f"{other}:1:1: {problem}"]


def test_a_folder_around_the_rules_is_one_problem(rules: Path) -> None:
    """`m` for `m/rules`, also where it is to add to the shipped rules."""
    around = rules.parent / "around"
    around.mkdir()
    rules.rename(around / "rules")
    fault = f"{around}:1:1: R002 the folder has no rule files"
    assert [str(one) for one in inspect((around,), TODAY)[1]] == [f"{fault} (did you mean {around}/rules?)"]
    [found] = inspect((SHIPPED_RULES, around), TODAY)[1]
    assert str(found) == f"{fault} (did you mean ours:{around}/rules?)"
    for name in ("fields.yaml", "sources.yaml"):
        (around / "rules" / name).unlink()
    assert [one.suggestion for one in inspect((around,), TODAY)[1]] == [f"did you mean {around}/rules?"]
    (around / "rules").rename(around / "timelines")
    assert "did you mean" not in str(inspect((around,), TODAY)[1])


def test_own_fields_beside_their_file_go_into_it(rules: Path) -> None:
    (rules / "field.yaml").write_text("fields:\n  offer:\n    car_size: {type: text, visible_to: employer}\n")
    assert problems(rules) == ["field.yaml:1:1: R007 field.yaml holds own fields (move them into fields.yaml)"]


def test_words_in_a_file_with_a_near_name_are_not_rules(rules: Path) -> None:
    (rules / "word.yaml").write_text("ask-it:\n  title: Ask\n")
    assert problems(rules) == ["word.yaml:1:1: R007 word.yaml holds no rule (did you mean words.yaml?)"]


@pytest.mark.parametrize("text", ["services:\n  web: {image: web}\n", "fields: [a\n", ""])
def test_a_file_that_holds_something_else_may_have_another_ending(rules: Path, text: str) -> None:
    (rules / "compose.yml").write_text(text.replace("fields", "services"))
    assert problems(rules) == []


def test_a_misnamed_file_is_found_although_it_is_no_valid_yaml(rules: Path) -> None:
    (rules / "fields.yaml").unlink()
    (rules / "fields.yml").write_text("fields:\n  offer:\n    visa_sponsored: {type: boolean, visible_to: employer\n")
    assert problems(rules) == ["fields.yml:1:1: R007 this file is not read (call it fields.yaml)"]
    assert declared_kinds(rules) is None


def test_rules_in_a_folder_within_the_folder_are_a_warning(rules: Path) -> None:
    (rules / "more").mkdir()
    (rules / "more" / "other.yaml").write_text(rule("title: known", name="other"))
    said = "R008 warning: this file is not read: rule files stand in mine itself (move it there)"
    assert problems(rules) == [f"more/other.yaml:1:1: {said}"]
    (rules / "more" / "sources.yaml").write_text("articles: {a: An article}\n")
    assert problems(rules) == []


def test_a_rule_in_a_folder_within_is_none_for_a_timeline_of_the_folder(rules: Path) -> None:
    (rules / "more").mkdir()
    (rules / "more" / "other.yaml").write_text(rule("title: known", name="other"))
    also = TIMELINE.replace("name: visa", "name: also").replace("ask-it@", "ask-other@")
    (rules / "timelines" / "other.yaml").write_text(also)
    [warning, problem] = problems(rules)
    assert "R008 warning" in warning
    assert problem.startswith("timelines/other.yaml:7:28: R071 the rule ask-other stands in ")
    (rules / "timelines" / "other.yaml").rename(rules / "more" / "timelines.yaml")
    assert problems(rules) == [warning], "a timeline beside its rule: both can be of a tenant"


def test_the_folder_of_a_tenant_may_lie_within(rules: Path) -> None:
    (rules / "north").mkdir()
    (rules / "north" / "other.yaml").write_text(rule("title: known", name="other"))
    (rules / "north" / "timelines.yaml").write_text(TIMELINE.replace("ask-it@", "ask-other@"))
    tenants = rules.parent / "tenants.yaml"
    tenants.write_text(f"tenants: {{acme: {{api_keys: [], rules: {rules}/north}}}}\n")
    _, found = inspect((rules,), date(2026, 12, 1), tenants=tenants)
    assert "R008" not in [one.code for one in found]
    assert "R071" not in [one.code for one in found]


def test_timelines_may_be_in_another_folder(rules: Path) -> None:
    (rules / "timelines").rename(rules / "tests")
    assert problems(rules) == []


def test_rules_among_the_timelines_are_told_to_move(rules: Path) -> None:
    (rules / "timelines" / "more.yaml").write_text(rule("title: known", name="other"))
    [found] = problems(rules)
    assert found.endswith(
        "R006 a timeline file is `timelines:` with a list (it holds rules: move it out of timelines/)"
    )


@pytest.mark.parametrize("name", ["ask_it", "AskIt", "Ask it", "-ask-it"])
def test_a_malformed_name_of_a_rule_is_one_problem_beside_its_timeline(rules: Path, name: str) -> None:
    (rules / "own.yaml").write_text(rule("visa_sponsored: true").replace("ask-it:", f"{name}:"))
    said = f"R012 {name!r} is not a rule id (use words with hyphens, like ask-it)"
    assert problems(rules) == [f"own.yaml:2:1: {said}"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "timelines/own.yaml:    start:",
            "    begin:",
            "3:5: R010 there is no key 'begin' here (did you mean start, w",
        ),
        ("timelines/own.yaml:offer: o-1", "offr: o-1", "5:40: R021 offer.extended: offr is not a known field; did"),
        ("own.yaml:  when:", "  if:", "6:3: R010 a rule has no key 'if' (did you mean when, which is missing?)"),
        ("own.yaml:ask-it:", "rules:\n ask-it:", "3:2: R006 rules holds rules, which belong one level higher (write"),
        ("fields.yaml:type: boolean", "type boolean", "R010 the field visa_sponsored has no 'type boolean' (did you"),
        ("fields.yaml:choices:", "choice:", "R010 the field shift has no 'choice' (did you mean choices?)"),
        ("fields.yaml:  candidate:", "   candidate:", "R001 not valid YAML: did not find expected key (align a key"),
    ],
)
def test_one_mistake_of_a_word_is_one_problem(rules: Path, old: str, new: str, problem: str) -> None:
    name, _, word = old.partition(":")
    text = (rules / name).read_text()
    assert word in text
    (rules / name).write_text(text.replace(word, new, 1))
    [found] = problems(rules)
    assert problem in found


def test_a_misspelt_rule_in_a_timeline_is_one_problem(rules: Path) -> None:
    (rules / "timelines" / "own.yaml").write_text(TIMELINE.replace("ask-it@", "ask-ti@"))
    assert problems(rules) == ["timelines/own.yaml:7:28: R071 there is no rule 'ask-ti' (did you mean ask-it?)"]


def test_an_empty_file_is_one_problem_whatever_its_timelines_name(rules: Path) -> None:
    (rules / "own.yaml").write_text("")
    assert problems(rules) == ["own.yaml:1:1: R002 the file is empty"]
