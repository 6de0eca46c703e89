"""Every code of a rulebook problem: the folders of `data/broken-rules`, each reported at the line and column that a
comment in it names."""

import re
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from signpost.authoring.inspection import inspect
from signpost.rulebook import RulebookError, find_problems, load
from signpost.yaml_files.problems import CODES

BROKEN = sorted((Path(__file__).parents[1] / "data" / "broken-rules").iterdir())
MARK = re.compile(r"# (R\d{3}) at (?:(\d+):)?(\d+)")
TODAY = date(2026, 11, 23)
SOURCES = "articles: {hired: Hired}\nnorms:\n  n: {claim: c, source: s, quality: A, place: p, reviewed: 2026-11-22}\n"
HEAD = "r:\n  about: offer\n  source: hired\n"
TAIL = "  priority: high\n  title: Do it\n  message: Now\n"
WHEN = "  when: {stage: open}\n"
GOOD = HEAD + WHEN + TAIL


def folder(tmp_path: Path, rules: str) -> Path:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    (tmp_path / "topic.yaml").write_text(dedent(rules))
    return tmp_path


def expected(folder: Path) -> list[tuple[str, str, int, int]]:
    """(file, code, line, column) of each comment like `# R025 at 17`: column 17 of its own line; or `at 3:1`."""
    found = []
    for path in folder.rglob("*.yaml"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for code, other, column in MARK.findall(line):
                found.append((path.name, code, int(other or number), int(column)))
    return sorted(found)


def reported(folder: Path) -> list[tuple[str, str, int, int]]:
    """What every check finds; only where it is the point, that a rule has no timeline."""
    tenants = folder / "tenants" / "tenants.yaml"
    _, found = inspect(folder, TODAY, tenants=tenants if tenants.exists() else None)
    kept = [one for one in found if one.code != "R070" or folder.name.startswith("R070")]
    return sorted((Path(one.position.file).name, one.code, one.position.line, one.position.column) for one in kept)


def test_a_good_rule_has_no_problem(tmp_path: Path) -> None:
    assert list(load(folder(tmp_path, GOOD)).rules) == ["r"]


@pytest.mark.parametrize("folder", BROKEN, ids=lambda folder: folder.name)
def test_each_broken_rulebook_is_reported_at_its_place_and_nothing_else(folder: Path) -> None:
    assert reported(folder) == expected(folder)
    assert folder.name[:4] in {code for _, code, _, _ in expected(folder)}


def test_every_code_has_a_broken_rulebook() -> None:
    assert {folder.name[:4] for folder in BROKEN} == set(CODES)


def test_all_problems_of_all_files_come_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD.replace("r:", "q:").replace("stage: open", "stage: opn"))
    with pytest.raises(RulebookError) as caught:
        load(folder(tmp_path, GOOD.replace("high", "hihg").replace("hired", "fired")))
    assert [(problem.code, problem.position.file) for problem in caught.value.problems] == [
        ("R021", str(tmp_path / "other.yaml")),
        ("R014", str(tmp_path / "topic.yaml")),
        ("R013", str(tmp_path / "topic.yaml")),
    ]


def test_a_suggestion_names_what_was_meant(tmp_path: Path) -> None:
    _, found = find_problems(folder(tmp_path, HEAD + "  when: {respond_buy: known}\n" + TAIL))
    assert "did you mean respond_by" in found.found[0].suggestion


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("R001-colon-without-quotes", 'quote it: message: "Not known yet: the salary"'),
        ("R001-braces-without-quotes", 'quote it: title: "{{ employer }} waits"'),
        ("R001-statement-without-quotes", 'quote it: message: "{% if salary %}Now{% endif %}"'),
        ("R001-words-after-quotes", "quote it: title: '\"Do it\" now'"),
        ("R001-sources-unread", 'quote it: hired: "H is for Hired: What to Do"'),
        ("R005-braces-alone", 'quote it: "{{ employer }}"'),
        ("R006-step-with-a-colon", 'quote it: "Say this: hello"'),
        ("R013-no-such-priority", "known: low, normal, high, urgent"),
        ("R020-candidates-field", "it is a field of the candidate: write candidate: {has_family: true}"),
        ("R020-candidates-field-any-unknown", "write any of: [..., {candidate: {salary_target: unknown}}]"),
        ("R022-unknown-or-a-choice", "write any of: [{relocation: unknown}, {relocation: refused}]"),
        ("R022-unknown-or-a-text", "write any of: [{title: unknown}, {title: Analyst}]"),
        ("R022-one-choice-or-another", "write stage: [open, accepted]"),
        ("R023-candidates-field", "write candidate's salary_target"),
        ("R041-candidates-field", "write candidate.salary_target"),
        ("R041-offers-field-on-the-candidate", "write respond_by alone"),
        ("R041-offers-field-on-the-offer", "write respond_by alone"),
    ],
)
def test_a_suggestion_says_what_to_write(name: str, suggestion: str) -> None:
    [broken] = [folder for folder in BROKEN if folder.name == name]
    _, found = inspect(broken, TODAY)
    assert suggestion in {one.suggestion for one in found}


WAIT = "  params: {wait: 3d}\n"
INTERVIEW = "  when:\n    stage: open\n    any interview: {for: this one, starts_at: at or after RESPOND}\n"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (WAIT + "  when: {respond_by: within wayt}\n", "R023 'wayt' is no field of the offer, and no parameter or"),
        (WAIT.replace("wait", "wayt") + "  when: {respond_by: within wait}\n", "of the rule (did you mean wayt?)"),
        (
            WAIT + "  due: respond_by after wait\n  when: {respond_by: known}\n",
            "' is the wrong way round: the duration comes first (write wait after respond_by)",
        ),
        (
            WAIT + "  when: {respond_by: before wait}\n",
            "R023 the parameter wait stands where a field or a value of the rule belongs (write within wait, or wait",
        ),
        (WAIT + "  when: {respond_by: within print_window}\n", "(the rule has the parameters wait; docs"),
        (WAIT.replace("params", "parms") + "  when: {respond_by: within wait}\n", "R010 a rule has no key 'parms'"),
        (
            "  defin: {gap: candidate's salary_target}\n  when: {salary: below gap}\n",
            "R010 a rule has no key 'defin' (did you mean define?)",
        ),
        (WAIT + "  when: {respond_by: within 36 hours}\n", "(name the duration: params: {some_name: 36h})"),
        (WAIT + "  when: {respond_by: within 2 Business Days}\n", "(name the duration: params: {some_name: 2bd})"),
        (INTERVIEW.replace("RESPOND", "respond_by"), "(write this one's respond_by for that of the offer)"),
        (INTERVIEW.replace("RESPOND", "the offer's respond_by"), "(write this one's respond_by for that of"),
        ("  when: {salary: below the person's salary_target}\n", "(write candidate's salary_target for that"),
        ("  when: {salary: below candidate's letter_salary}\n", "(write letter_salary for that of the offer)"),
        ("  when: {salary: below this one's salary_target}\n", "(write candidate's salary_target for that of"),
        ("  when: {salary: below zzz}\n", "(docs/rulebook/fields.md lists the fields of an offer)"),
        (
            "  audience: employer\n  when: {stage: open, salary: below salary_target}\n",
            "R023 'salary_target' is no field of the offer, and no parameter or value of the rule (did you mean salary",
        ),
        (
            "  when:\n    all of:\n      - {stage: open}\n      - {stage: accepted}\n",
            "topic.yaml:7:17: R025 `stage: accepted` can never hold together with `stage: open` (topic.yaml:6:17)",
        ),
        ("  when: {salary: known and unknown}\n", "`salary: unknown` can never hold together with `salary: known` ("),
        (
            "  when:\n    all of:\n      - {stage: open}\n      - {stage: open}\n",
            "topic.yaml:7:17: R026 `stage: open` is repeated (first at line 6) (keep one)",
        ),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem_that_says_what_to_write(tmp_path: Path, rule: str, message: str) -> None:
    _, found = find_problems(folder(tmp_path, HEAD + rule + TAIL))
    assert len(found.found) == 1, found.found
    assert message in str(found.found[0])


@pytest.mark.parametrize("text", ["from start", "From the start", "from the beginning", "at once"])
def test_a_priority_that_means_the_start_gets_its_phrase(tmp_path: Path, text: str) -> None:
    rule = HEAD + "  when: {respond_by: known}\n" + TAIL.replace("priority: high", f"priority: {{high: {text}}}")
    _, found = find_problems(folder(tmp_path, rule))
    [problem] = map(str, found.found)
    assert f"R022 {text!r} is not when a priority starts (did you mean `from the start`?)" in problem


@pytest.mark.parametrize(
    ("value", "condition", "message"),
    [
        ("90d", "hours_per_week: above limit", "is '90d', and line 6 needs a number (write 90 without a unit)"),
        ("3 months", "hours_per_week: above limit", "needs a number (write 3 without a unit)"),
        ('"3"', "hours_per_week: above limit", "is '3', and line 6 needs a number (write 3 without quotes)"),
        ("soon", "hours_per_week: above limit", "needs a number (write a number)"),
        ("2w", "candidate: {notice_period_days: above limit}", "(write the number of days without a unit: 14)"),
        ("2 days", "respond_by: within limit", "is '2 days', and line 6 needs a duration (write 2d)"),
        ("1 Business Day", "respond_by: within limit", "needs a duration (write 1bd)"),
        ("48", "respond_by: within limit", "line 6 needs a duration (write it with a unit, like 48h or 48d)"),
        ("true", "respond_by: within limit", "needs a duration (write for example 36h or 5d)"),
    ],
)  # fmt: skip
def test_a_parameter_of_another_type_is_told_once_where_it_stands(
    tmp_path: Path, value: str, condition: str, message: str
) -> None:
    rule = f"  params:\n    limit: {value}\n  when: {{{condition}, any interview: {{for: this one, ALSO}}}}\n"
    also = "starts_at: within limit" if "within" in condition else "candidate: {notice_period_days: above limit}"
    _, found = find_problems(folder(tmp_path, HEAD + rule.replace("ALSO", also) + TAIL))
    assert len(found.found) == 1, found.found
    assert message in str(found.found[0])
    assert (found.found[0].position.line, found.found[0].position.column) == (5, 12)


@pytest.mark.parametrize("broken", [one for one in BROKEN if one.name.startswith("R060")], ids=lambda one: one.name)
def test_an_employers_rule_says_what_it_must_not_read_and_what_to_do(broken: Path) -> None:
    _, found = inspect(broken, TODAY)
    for one in found:
        assert one.code != "R060" or (" is for employers but " in str(one) and one.suggestion), str(one)


def test_an_empty_folder_is_no_rulebook(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="no rule file"):
        load(tmp_path)


PARAMETERS = HEAD + "  params: {wait: 3d}\n  when: {respond_by: within wait}\n" + TAIL


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"r": {"wiat": "5d"}}, "no parameter 'wiat'"),
        ({"r": {"wait": 5}}, "a duration"),
        ({"q": {"wait": "5d"}}, "which is not a rule"),
    ],
)
def test_overrides_are_checked_like_rules(
    tmp_path: Path, overrides: dict[str, dict[str, object]], message: str
) -> None:
    with pytest.raises(RulebookError, match=message) as caught:
        load(folder(tmp_path, PARAMETERS), overrides)
    assert [problem.code for problem in caught.value.problems] == ["R052"]


def test_an_override_changes_the_rule_and_the_version(tmp_path: Path) -> None:
    place = folder(tmp_path, PARAMETERS)
    plain, changed = load(place), load(place, {"r": {"wait": "5d"}})
    assert (plain.rules["r"].params, changed.rules["r"].params) == ({"wait": "3d"}, {"wait": "5d"})
    assert plain.version != changed.version
