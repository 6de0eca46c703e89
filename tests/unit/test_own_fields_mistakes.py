"""One mistake in a declaration of own fields, or in a rule that uses them, is one problem that says what to write."""

from datetime import date
from itertools import accumulate
from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.authoring.inspection import inspect
from signpost.cli.rules import rules
from signpost.rulebook import RulebookError, load
from tests.support.own_folders import folder, rule
from tests.support.rulebooks import RULES

CHOICE = "fields:\n  offer:\n    x: {type: choice, visible_to: employer, choices: "


def problems(path: Path) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load(path)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("fields:\n  offer:\n    x: {type: days, visble_to: employer}\n", "3:21: R010 the field x has no 'visble_to'"),
        (
            CHOICE + "[yes, no]}\n",
            'must be a list of words (write words like yes, on and 1 in quotes: choices: ["yes", "no"])',
        ),
        (CHOICE + "[true, 2, 0x3]}\n", "3:54: R006 choices must be a list of words (write words like"),
        (CHOICE + "[a b, c]}\n", "3:54: R006 choices must be a list of words (a choice has letters"),
        (
            "offer: {x: {type: days, visible_to: employer}}\ncandidate: {}\n",
            "1:1: R011 fields.yaml must have 'fields' (put offer, candidate under fields:)",
        ),
        (
            "fields:\n  candidate:\n    x: {type: days}\n",
            "3:8: R011 the field x must have 'visible_to' (write visible_to: candidate)",
        ),
        ("feilds: {offer: {}}\n", "1:1: R010 fields.yaml has no 'feilds' (did you mean fields?)"),
    ],
)  # fmt: skip
def test_one_mistake_of_a_declaration_is_one_problem(tmp_path: Path, fields: str, problem: str) -> None:
    [found] = problems(folder(tmp_path, rule("title: known"), fields=fields))
    assert problem in found


def test_no_schemas_are_written_for_a_faulty_declaration(tmp_path: Path) -> None:
    made = folder(tmp_path / "mine", fields="fields:\n  offer:\n    x: {type: bool, visible_to: employer}\n")
    result = CliRunner().invoke(rules, ["schema", f"ours:{made}"])
    assert isinstance(result.exception, RulebookError)
    assert f"{made}/fields.yaml:3:15: R013 type cannot be 'bool' (did you mean boolean?)" in str(result.exception)
    assert not [*made.glob("*.json")]


@pytest.mark.parametrize("name", ["own.yaml", "timelines/own.yaml"])
def test_a_file_is_told_with_the_folder_around_it(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = folder(Path("mine"), rule("title: known"))
    (made / "timelines").mkdir()
    (made / "timelines" / "own.yaml").write_text("timelines: []\n")
    for command in (["check"], ["test"], ["test", "--rulebook"]):
        result = CliRunner().invoke(rules, [*command, f"ours:./mine/{name}"])
        assert f"'mine/{name}' is a file; name the folder around it: ours:mine" in " ".join(result.output.split())
        assert result.exit_code == 2


def test_a_field_of_another_kind_is_told_with_its_kind(tmp_path: Path) -> None:
    for when, hint in {
        "candidate: {probation_period: known}": "it is a field of the offer: write it outside this block",
        "needs_visa: true": "it is a field of the candidate: write candidate: {needs_visa: true}",
        "impression: good": "it is a field of the interview",
    }.items():
        [found] = problems(folder(tmp_path, rule(when)))
        assert found.endswith(f"({hint})"), found


@pytest.mark.parametrize("name", ["RivalBan", "Rival ban", "rivalBanMonths", "_rival_ban_months"])
@pytest.mark.parametrize("kind", ["offer", "candidate"])
def test_what_follows_from_a_field_with_a_wrong_name_is_not_reported(tmp_path: Path, name: str, kind: str) -> None:
    fields = f"fields:\n  {kind}:\n    {name}: {{type: number, visible_to: candidate}}\n"
    whose, where = ("", "") if kind == "offer" else ("candidate.", "candidate: ")
    when = f"{where}{{rival_ban_months: above longest}}" if where else "rival_ban_months: above longest"
    text = rule(when, emitted=f"{whose}rival_ban_months").replace("  priority:", "  params: {longest: 3}\n  priority:")
    [found] = problems(folder(tmp_path, text, fields=fields))
    assert f"fields.yaml:3:5: R012 a field cannot be called {name!r}" in found


CARD = "  item: how it fits\n  question: Does it?\n"
MISTAKES = {
    "without": rule("title: known", "without") + CARD + "  point: pay\n",
    "card": rule("title: known", "card", "employer", act="weigh") + CARD,
    "ask": rule("title: known", "ask", "employer", act="ask employer"),
    "ask-shown": rule("title: known", "ask-shown", "employer", act="ask employer") + "  item: it\n",
    "tell": rule("title: known", "tell", act="tell candidate"),
    "tell-shown": rule("title: known", "tell-shown", act="tell candidate") + "  item: it\n",
    "accept": rule("title: known", "accept", "employer", act="accept"),
    "give_notice": rule("title: known", "notice", "employer", act="give_notice"),
    "decline": rule("title: known", "decline", "employer", act="decline"),
}
"""Name of a rule -> its text. They are inspected together, as inspecting takes seconds."""


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Name of a rule -> what is told of its text, without what rules that are alike are told."""
    sources = "articles: {a: A}\n"
    path = folder(tmp_path_factory.mktemp("rules") / "own", "".join(MISTAKES.values()), sources=sources)
    _, found = inspect((RULES, path), date(2026, 12, 1))
    told: dict[str, list[str]] = {name: [] for name in MISTAKES}
    for one in found:
        if one.code not in ("R070", "R017"):
            told[_name_of_rule(one.position.line)].append(str(one).partition(f": {one.code} ")[2])
    return told


def _name_of_rule(line: int) -> str:
    ends = accumulate(text.count("\n") for text in MISTAKES.values())
    return next(name for name, end in zip(MISTAKES, ends, strict=True) if line <= end)


def test_a_rule_without_an_act_is_told_that_alone(mistakes: dict[str, list[str]]) -> None:
    [said] = mistakes["without"]
    assert said.startswith("ask-without declares no act, and other rules do (declare one of acts.yaml,")


def test_a_rule_whose_act_has_a_card_for_the_other_audience_is_told_that_once(mistakes: dict[str, list[str]]) -> None:
    [said] = mistakes["card"]
    assert said == (
        "the item and question of ask-card are never used: no card for employers joins 'weigh'; a card for"
        " candidates does (audience: candidate?)"
    )


@pytest.mark.parametrize(
    ("name", "audience", "act", "other"),
    [("ask", "employer", "ask employer", "candidate"), ("tell", "candidate", "tell candidate", "employer")],
)
@pytest.mark.parametrize("shown", ["", "-shown"])
def test_nobody_is_advised_to_act_towards_themselves(
    mistakes: dict[str, list[str]], name: str, audience: str, act: str, other: str, shown: str
) -> None:
    [said] = mistakes[name + shown]
    assert said == f"the act {act!r} is one with the {audience}, who reads the advice of this rule (audience: {other}?)"


@pytest.mark.parametrize("act", ["accept", "give_notice", "decline"])
def test_no_employer_is_advised_to_do_what_only_the_candidate_can(mistakes: dict[str, list[str]], act: str) -> None:
    [said] = mistakes[act]
    who = "is one of the candidate, and the employer reads the advice of this rule"
    assert said == f"the act {act!r} {who} (audience: candidate?)"


def test_who_can_do_an_act_is_an_audience(tmp_path: Path) -> None:
    own = folder(tmp_path, rule("title: known", act="sing"))
    (own / "acts.yaml").write_text("acts:\n  sing: {means: Sing., by: canditate}\n")
    [said] = [each for each in problems(own) if "R013" in each]
    assert said.endswith("acts.yaml:2:28: R013 by cannot be 'canditate' (did you mean candidate?)")


@pytest.mark.parametrize("start", [">-\n      known and", "known and", '"known and'])
def test_a_fault_of_a_condition_over_several_lines_is_placed_at_its_part(tmp_path: Path, start: str) -> None:
    end = "decided_bye" + ('"' if start.startswith('"') else "")
    condition = f"when:\n    respond_by: {start}\n      later\n      than {end}"
    text = rule("title: known").replace("when: {stage: open, title: known}", condition)
    with pytest.raises(RulebookError) as caught:
        load(folder(tmp_path, text))
    [where] = [one.position for one in caught.value.problems if one.code == "R023"]
    assert text.splitlines()[where.line - 1][where.column - 1 :] == "later"
