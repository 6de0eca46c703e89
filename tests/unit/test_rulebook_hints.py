"""What a refused condition says to write: other words for `known` and `unknown`, and fields with their owner."""

from pathlib import Path

import pytest

from signpost.rulebook import find_problems
from tests.support.own_folders import folder, rule


def hints(path: Path, when: str) -> list[str]:
    _, problems = find_problems(folder(path, rule(when)))
    return [f"{one.code} {one.suggestion}" for one in problems.found]


@pytest.mark.parametrize("field", ["visa_sponsored", "sign_on", "ends_on", "shift", "probation_period", "location"])
def test_other_words_for_known_and_unknown_are_told_for_every_type(tmp_path: Path, field: str) -> None:
    for word in ("is unknown", "missing", "not known", "empty", "none", "unkown", "Unknown", "not set"):
        assert hints(tmp_path, f"{field}: {word}") == ["R022 did you mean unknown?"], word
    for word in ("is known", "not unknown", "not missing", "not empty", "knwon"):
        assert hints(tmp_path, f"{field}: {word}") == ["R022 did you mean known?"], word
    assert hints(tmp_path, f"{field}: null") == ["R021 write unknown, known or a value"]


def test_what_a_type_can_be_compared_with_stays_allowed(tmp_path: Path) -> None:
    for when in ("highlights: empty", "conditions: not empty", "car: missing", "car: not empty", "shift: not day"):
        assert hints(tmp_path, when) == [], when
    assert hints(tmp_path, "car: is unknown") == ["R022 did you mean unknown?"]
    assert hints(tmp_path, "car: not known") == ["R022 did you mean unknown?"]


def test_a_choice_of_such_a_name_is_a_choice(tmp_path: Path) -> None:
    fields = "fields:\n  offer:\n    visa: {type: choice, choices: [none, work], visible_to: employer}\n"
    for when in ("visa: none", "visa: not none"):
        _, problems = find_problems(folder(tmp_path, rule(when), fields=fields))
        assert problems.found == [], when


@pytest.mark.parametrize(
    ("when", "hint"),
    [
        ("visa_sponsored: [unknown, false]", "any of: [{visa_sponsored: unknown}, {visa_sponsored: false}]"),
        ("shift: [day, unknown]", "any of: [{shift: day}, {shift: unknown}]"),
        ("title: [unknown, Clerk]", "any of: [{title: unknown}, {title: Clerk}]"),
        ("probation_period: [30, unknown]", "any of: [{probation_period: 30}, {probation_period: unknown}]"),
        ("ends_on: [known, passed]", "any of: [{ends_on: known}, {ends_on: passed}]"),
        ("sign_on: [unknown]", "sign_on: unknown"),
    ],
)
def test_a_list_with_known_or_unknown_is_led_to_alternatives(tmp_path: Path, when: str, hint: str) -> None:
    assert hints(tmp_path, when) == [f"R021 write {hint}"]


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("> 2", "R001 write above 2"),
        (">= 2", "R001 write at least 2"),
        ('"> 2"', "R022 write above 2"),
        ("'>= 2'", "R022 write at least 2"),
        ("< 2", "R022 write below 2"),
        ("<=2", "R022 write at most 2"),
        ("== 2", "R022 write 2"),
        ("{above: 2}", "R021 write above 2"),
        ("{at least: 2}", "R021 write at least 2"),
        ("{'>': 2}", "R021 write above 2"),
        ("{above: 2, below: 4}", "R021 for example known, unknown, or a word"),
        ("{}", "R021 for example known, unknown, or a word"),
    ],
)
def test_a_comparison_by_sign_or_key_is_told_in_words(tmp_path: Path, given: str, hint: str) -> None:
    assert hints(tmp_path, f"probation_period: {given}") == [hint]


def test_an_equals_sign_is_told_for_every_type(tmp_path: Path) -> None:
    assert hints(tmp_path, "title: == Clerk") == ["R022 write Clerk"]
    assert hints(tmp_path, "shift: = day") == ["R022 write day"]
    assert hints(tmp_path, "title: < Clerk") == []


@pytest.mark.parametrize(("key", "block"), [("or", "any of"), ("any", "any of"), ("and", "all of"), ("all", "all of")])
def test_another_word_for_a_block_is_told(tmp_path: Path, key: str, block: str) -> None:
    assert hints(tmp_path, f"{key}: [{{title: known}}, {{shift: day}}]") == [f"R020 write {block}: [...]"]


def test_a_boolean_takes_four_words(tmp_path: Path) -> None:
    assert hints(tmp_path, "visa_sponsored: perhaps") == ["R021 write true, false, known or unknown"]


@pytest.mark.parametrize(
    ("when", "hint"),
    [
        ("candidate.needs_visa: true", "write candidate: {needs_visa: true}"),
        ("candidate's needs_visa: true", "write candidate: {needs_visa: true}"),
        ("candidate.need_visa: true", "write candidate: {needs_visa: true}"),
        ("offer.visa_sponsored: unknown", "write visa_sponsored: unknown"),
        ("this one's visa_sponsored: unknown", "write visa_sponsored: unknown"),
        ("interview.panel_size: above 3", "write any interview: {panel_size: above 3}"),
        ("any interview: {interview.panel_size: above 3}", "write panel_size: above 3"),
        ("any interview: {offer.sign_on: known}", "write sign_on: known outside this block"),
        ("candidate: {candidate.needs_visa: true}", "write needs_visa: true"),
        ("candidate.zzz: true", "did you mean candidate or candidate_name?"),
    ],
)
def test_a_field_with_its_owner_is_told_in_the_form_for_it(tmp_path: Path, when: str, hint: str) -> None:
    assert hints(tmp_path, when) == [f"R020 {hint}"]


def test_an_operand_with_its_owner_is_told_in_the_form_for_it(tmp_path: Path) -> None:
    said = "R023 write candidate's salary_target for that of the candidate"
    assert hints(tmp_path, "salary: below candidate.salary_target") == [said]
    assert hints(tmp_path, "bonus: below offer.salary") == ["R023 write salary for that of the offer"]


def test_what_follows_from_a_faulty_field_is_not_reported_with_its_owner_either(tmp_path: Path) -> None:
    fields = "fields:\n  candidate:\n    needs_visa: {type: bool, visible_to: candidate}\n"
    _, problems = find_problems(folder(tmp_path, rule("candidate.needs_visa: true"), fields=fields))
    assert [one.code for one in problems.found] == ["R013"]


def faults(path: Path, text: str) -> list[str]:
    """The problems of a rule with this title."""
    _, problems = find_problems(folder(path, rule("title: known").replace("Ask about {{ title }}", text)))
    return [f"{one.code} {one.message.rpartition(': ')[2]} ({one.suggestion})" for one in problems.found]


@pytest.mark.parametrize(
    ("text", "shown", "hint"),
    [
        ("Ask { employer } why", "{ employer }", "write {{ employer }}"),
        ("Ask {employer} why", "{employer}", "write {{ employer }}"),
        ("Ask { employer }} why", "{ employer }}", "write {{ employer }}"),
        ("By {ends_on | day}", "{ends_on | day}", "write {{ ends_on | day }}"),
        ("On {candidate.needs_visa}", "{candidate.needs_visa}", "write {{ candidate.needs_visa }}"),
        ("{% if car %}Ask {employer}{% endif %}x", "{employer}", "write {{ employer }}"),
        ("Ask employer }} why", "}}", "write {{ ... }}"),
        ("{ % if car % }Ask{ % endif % }", "{ % if car % }", "write {% if ... %}"),
        ("Ask % if car %}", "%}", "write {% if ... %}"),
    ],
)
def test_braces_that_are_shown_as_they_stand_are_told(tmp_path: Path, text: str, shown: str, hint: str) -> None:
    assert faults(tmp_path, f'"{text}"') == [f"R047 {shown!r} is shown as it stands ({hint})"]


@pytest.mark.parametrize("text", ["Ask {someone} for 100%", "Ask {{ '{employer}' }}", "{{ title }}{# { employer } #}"])
def test_other_braces_are_text(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, f'"{text}"') == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Ask {{ employer } why", "close {{ with }}, and {% with %}"),
        ("Ask {{ employer why", "close {{ with }}, and {% with %}"),
        ("{% if car }Ask{% endif %}", "close {{ with }}, and {% with %}"),
        ("Ask {{{employer}}}", "write {{ with two braces"),
        ("Ask {% employer %}", "write {{ employer }}"),
        ("{% if car %}Ask", ""),
    ],
)
def test_a_text_that_cannot_be_parsed_is_told_what_to_write(tmp_path: Path, text: str, hint: str) -> None:
    [found] = faults(tmp_path, f'"{text}"')
    assert found.startswith("R040 ")
    assert found.endswith(f"({hint})")


def test_a_variable_in_single_braces_alone_is_one_problem(tmp_path: Path) -> None:
    assert faults(tmp_path, "{employer}") == ['R006 a text is expected here (write "{{ employer }}")']
