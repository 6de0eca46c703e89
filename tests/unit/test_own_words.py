"""`words.yaml`: an overlay or a tenant replaces the words of a rule, and nothing else."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.advice import advise
from signpost.authoring.inspection import inspect
from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.cli import main
from signpost.engine import CompiledEngine
from signpost.rulebook import RulebookError, load
from signpost.tenants.rulebooks import load_rulebooks
from tests.support.rulebooks import shipped
from tests.unit.test_rulebook_problems import TODAY

RULES = Path(__file__).parents[2] / "rules"
START = parse_instant("2026-03-02T09:00:00Z")
OURS = shipped()
RULE = "ask-response-deadline"
LOOPS = (
    "{% for a in letter_differences %}{% for b in letter_differences %}{% for c in letter_differences %}"
    "{{ a.field }}{% endfor %}{% endfor %}{% endfor %}"
)
WORDS = """
ask-response-deadline:
  title: When does {{ employer }} want to know?
  steps: [Ring them.]
  drafts:
    note: {title: A question, body: "{{ salutation }}, by when? {{ signature }}"}
"""


def overlay(folder: Path, words: str = WORDS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "words.yaml").write_text(words)
    return folder


def emitted(*folders: Path) -> dict[str, object]:
    """The recommendation of the rule to a candidate with an open offer."""
    data = {"offer": "o", "employer": {"id": "acme", "name": "Acme"}}
    case = Case().fold(Event("t", "s", "1", "offer.extended", START, "c-1", data))
    advised = advise(CompiledEngine(load(folders)), case, b"", tenant="t", key="c-1", now=START + HOUR)
    return next(change.data for change in advised.changes if change.data["rule"] == RULE)


def test_only_the_words_that_are_named_change(tmp_path: Path) -> None:
    ours, theirs = emitted(RULES), emitted(RULES, overlay(tmp_path / "own"))
    assert theirs["title"] == "When does Acme want to know?"
    assert theirs["steps"] == ["Ring them."]
    assert theirs["drafts"] == [
        {"name": "note", "title": "A question", "body": "Dear [hiring manager's name], by when? [your name]"}
    ]
    assert theirs["message"] == ours["message"]
    assert {key: theirs[key] for key in ("priority", "due", "subject")} == {
        key: ours[key] for key in ("priority", "due", "subject")
    }


def test_conditions_and_all_other_rules_stay_as_they_are(tmp_path: Path) -> None:
    theirs = load((RULES, overlay(tmp_path / "own"))).rules
    assert {name for name, rule in theirs.items() if rule.texts != OURS.rules[name].texts} == {RULE}
    assert [(r.when, r.levels, r.due, r.valid) for r in theirs.values()] == [
        (r.when, r.levels, r.due, r.valid) for r in OURS.rules.values()
    ]


def test_the_version_changes_with_the_words(tmp_path: Path) -> None:
    first = load((RULES, overlay(tmp_path / "own"))).version
    second = load((RULES, overlay(tmp_path / "own", WORDS.replace("Ring", "Call")))).version
    assert len({OURS.version, first, second}) == 3


def test_of_two_folders_the_later_one_counts_for_each_key(tmp_path: Path) -> None:
    first = overlay(tmp_path / "first")
    second = overlay(tmp_path / "second", f"{RULE}: {{title: Ask them}}")
    found = emitted(RULES, first, second)
    assert (found["title"], found["steps"]) == ("Ask them", ["Ring them."])


@pytest.mark.long
def test_shipped_timelines_pass_with_other_words(tmp_path: Path) -> None:
    folders, timelines = f"{RULES}:{overlay(tmp_path / 'own')}", RULES / "timelines" / "before-accepting.yaml"
    assert RULE in timelines.read_text()
    said = CliRunner().invoke(main, ["rules", "test", "--rulebook", folders, str(timelines)])
    assert said.exit_code == 0, said.output
    assert "0 failed" in said.output


def test_words_may_leave_out_what_the_rule_uses_in_its_own(tmp_path: Path) -> None:
    """Every parameter and defined value counts as used by the words that were replaced."""
    short = "".join(f"{name}: {{title: T, message: M, steps: [], drafts: {{}}}}\n" for name in OURS.rules)
    _, problems = inspect((RULES, overlay(tmp_path / "own", short)), TODAY)
    assert [str(one) for one in problems if not one.is_warning] == []


def test_a_misspelt_rule_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(RulebookError) as caught:
        load((RULES, overlay(tmp_path / "own", "ask-response-dedline: {title: Ask}\n")))
    [problem] = caught.value.problems
    assert (problem.code, problem.position.line) == ("R052", 1)
    assert problem.position.file.endswith("words.yaml")
    assert f"did you mean {RULE}" in problem.suggestion


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("title: Ask {{ emploier }}", "R041"),
        ("title: " + "x" * 71, "R042"),
        ("message: " + "x" * 1201, "R042"),
        ("message: \"{{ title | nonsense }}\"", "R043"),
        ("message: \"{% if %}\"", "R040"),
        (f"message: \"{LOOPS}\"", "R046"),
        ("when: {stage: open}", "R010"),
        ("steps: Ring them", "R006"),
    ],
)  # fmt: skip
def test_words_are_checked_like_ours_at_their_place(tmp_path: Path, words: str, code: str) -> None:
    with pytest.raises(RulebookError) as caught:
        load((RULES, overlay(tmp_path / "own", f"{RULE}:\n  {words}\n")))
    assert {(one.code, Path(one.position.file).name, one.position.line) for one in caught.value.problems} == {
        (code, "words.yaml", 2)
    }


def test_words_for_employers_cannot_use_what_they_do_not_know(tmp_path: Path) -> None:
    for private in ("candidate.display_name", "bottom_line", "over_at"):
        with pytest.raises(RulebookError, match="R041"):
            load((RULES, overlay(tmp_path / "own", f"send-the-letter:\n  message: x {{{{ {private} }}}}\n")))


def test_a_tenant_has_words_of_its_own(tmp_path: Path) -> None:
    overlay(tmp_path / "north")
    tenants = tmp_path / "tenants.yaml"
    key = "sha256:" + "0" * 64
    tenants.write_text(
        f'tenants:\n  north: {{api_keys: ["{key}"], rules: north}}\n  south: {{api_keys: ["{key[:-1]}1"]}}\n'
    )
    rulebooks = load_rulebooks(RULES, tenants)
    assert rulebooks.of("north").rules[RULE].texts.steps == ("Ring them.",)
    assert rulebooks.of("south").rules[RULE] == OURS.rules[RULE]
    assert rulebooks.of("north").version != rulebooks.of("south").version


@pytest.mark.long
def test_rules_check_shows_what_is_reworded(tmp_path: Path) -> None:
    folders = f"{RULES}:{overlay(tmp_path / 'own')}"
    said = CliRunner().invoke(main, ["rules", "check", folders])
    assert said.exit_code == 0, said.output
    assert f"{len(OURS.rules)} rules, 1 reworded, no problem" in said.output
    found = json.loads(CliRunner().invoke(main, ["rules", "check", folders, "--json"]).output)
    assert found["reworded"] == {RULE: ["title", "steps", "drafts"]}
