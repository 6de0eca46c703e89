"""Every code of a rulebook problem: the smallest rule that brings it about, reported at its line and column."""

from pathlib import Path
from textwrap import dedent

import pytest

from signpost.rulebook import RulebookError, find_problems, load
from signpost.rulebook.problems import CODES

SOURCES = "articles: {hired: Hired}\nnorms:\n  n: {claim: c, source: s, quality: A, place: p, reviewed: 2026-11-22}\n"
HEAD = "r:\n  about: offer\n  source: hired\n"
TAIL = "  priority: high\n  title: Do it\n  message: Now\n"
WHEN = "  when: {stage: open}\n"
GOOD = HEAD + WHEN + TAIL


def folder(tmp_path: Path, rules: str, sources: str = SOURCES) -> Path:
    (tmp_path / "sources.yaml").write_text(sources)
    (tmp_path / "topic.yaml").write_text(dedent(rules))
    return tmp_path


def problems(tmp_path: Path, rules: str, sources: str = SOURCES) -> list[tuple[str, int, int]]:
    _, found = find_problems(folder(tmp_path, rules, sources))
    return [(problem.code, problem.position.line, problem.position.column) for problem in sorted(found.found)]


def test_a_good_rule_has_no_problem(tmp_path: Path) -> None:
    assert list(load(folder(tmp_path, GOOD)).rules) == ["r"]


BROKEN = {
    "R001 unclosed": ("r: [", ("R001", 2, 1)),
    "R002 no condition": (HEAD + "  when: {}\n" + TAIL, ("R002", 4, 9)),
    "R003 key": ("? [a]\n: b\n", ("R003", 1, 3)),
    "R004 twice": (GOOD + "  title: Again\n", ("R004", 8, 3)),
    "R005 no": (HEAD + "  when: {negotiable: no}\n" + TAIL, ("R005", 4, 22)),
    "R005 sexagesimal": (HEAD + "  when: {hours_per_week: 1:30}\n" + TAIL, ("R005", 4, 26)),
    "R006 shape": (HEAD + "  when: open\n" + TAIL, ("R006", 4, 9)),
    "R010 key": (GOOD + "  wehn: 1\n", ("R010", 8, 3)),
    "R011 missing": (HEAD + WHEN + "  priority: high\n  title: Do it\n", ("R011", 2, 3)),
    "R012 id": (GOOD.replace("r:", "Bad_Id:"), ("R012", 1, 1)),
    "R013 kind": (GOOD.replace("offer", "ofer"), ("R013", 2, 10)),
    "R013 priority": (GOOD.replace("high", "hihg"), ("R013", 5, 13)),
    "R014 article": (GOOD.replace("hired", "fired"), ("R014", 3, 11)),
    "R020 field": (HEAD + "  when: {stag: open}\n" + TAIL, ("R020", 4, 10)),
    "R021 choice": (HEAD + "  when: {stage: opn}\n" + TAIL, ("R021", 4, 17)),
    "R022 phrase": (HEAD + "  when: {respond_by: someday}\n" + TAIL, ("R022", 4, 22)),
    "R023 reference": (HEAD + "  when: {salary: below candidate's salry}\n" + TAIL, ("R023", 4, 18)),
    "R024 literal duration": (HEAD + "  when: {respond_by: within 3d}\n" + TAIL, ("R024", 4, 22)),
    "R025 contradiction": (HEAD + "  when: {stage: open and accepted}\n" + TAIL, ("R025", 4, 17)),
    "R026 repeat": (HEAD + "  when: {stage: open and open}\n" + TAIL, ("R026", 4, 17)),
    "R027 relation": (HEAD + "  when: {any other contact: {by: candidate}}\n" + TAIL, ("R027", 4, 10)),
    "R030 escalation": (GOOD.replace("high", "{high: from the start, low: start_date}"), ("R030", 5, 36)),
    "R031 start": (GOOD.replace("high", "{high: start_date}"), ("R031", 5, 13)),
    "R040 template": (GOOD.replace("Now", '"{{ broken"'), ("R040", 7, 12)),
    "R041 variable": (GOOD.replace("Now", '"{{ emplyer }}"'), ("R041", 7, 12)),
    "R041 attribute": (GOOD.replace("Now", '"{{ candidate.salry }}"'), ("R041", 7, 12)),
    "R042 length": (GOOD.replace("Do it", "x" * 71), ("R042", 6, 10)),
    "R050 suppresses": (GOOD + "  suppresses: [nobody]\n", ("R050", 8, 16)),
    "R051 unused": (GOOD + "  params: {spare: 3d}\n", ("R051", 8, 12)),
    "R060 barrier": (
        GOOD
        + "  audience: employer\ns:"
        + GOOD[2:].replace("stage: open", "candidate: {employed: true}")
        + "  audience: employer\n",
        ("R060", 12, 32),
    ),
    "R060 unlinked": (
        HEAD + "  audience: employer\n  when: {any other offer: {stage: open}}\n" + TAIL,
        ("R060", 5, 10),
    ),
    "R060 private text": (
        HEAD + "  audience: employer\n" + WHEN + TAIL.replace("Now", '"{{ candidate.salary_target }}"'),
        ("R041", 8, 12),
    ),
}


@pytest.mark.parametrize(("rules", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_each_problem_is_reported_at_its_place(tmp_path: Path, rules: str, expected: tuple[str, int, int]) -> None:
    assert expected in problems(tmp_path, rules)


def test_every_code_but_those_of_tools_has_an_example() -> None:
    shown = {name.split()[0] for name in BROKEN}
    assert {"R052", "R070"} <= set(CODES) - shown


def test_all_problems_of_all_files_come_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD.replace("r:", "q:").replace("stage: open", "stage: opn"))
    with pytest.raises(RulebookError) as caught:
        load(folder(tmp_path, GOOD.replace("high", "hihg").replace("hired", "fired")))
    assert [(problem.code, problem.position.file) for problem in caught.value.problems] == [
        ("R021", "other.yaml"),
        ("R014", "topic.yaml"),
        ("R013", "topic.yaml"),
    ]


def test_a_suggestion_names_what_was_meant(tmp_path: Path) -> None:
    _, found = find_problems(folder(tmp_path, HEAD + "  when: {respond_buy: known}\n" + TAIL))
    assert "did you mean respond_by" in found.found[0].suggestion


def test_an_empty_folder_is_no_rulebook(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="no rule file"):
        load(tmp_path)


PARAMETERS = HEAD + "  params: {wait: 3d}\n  when: {respond_by: within wait}\n" + TAIL


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"r": {"wiat": "5d"}}, "no parameter 'wiat'"),
        ({"r": {"wait": 5}}, "a duration"),
        ({"q": {"wait": "5d"}}, "which is no rule"),
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
