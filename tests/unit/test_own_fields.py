"""Own fields and overlays in folders of rules: what is declared, joined and taken up, and what refusals say."""

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.authoring.inspection import inspect
from signpost.authoring.timelines import run_timelines as run_timelines_of
from signpost.cli.rules.check import check
from signpost.cli.rules.test import test as run_timelines
from signpost.engine import CompiledEngine
from signpost.rulebook import RulebookError, find_problems, load
from signpost.tenants.live import LiveTenants
from signpost.tenants.live_rulebooks import LiveEngines
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.rulebooks import load_rulebooks
from tests.support.own_folders import folder, rule
from tests.support.rulebooks import OWN_FIELDS, RULES


def problems(folders: Path | tuple[Path, ...]) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load(folders)
    return [str(problem) for problem in caught.value.problems]


# Declarations


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("offer: {salary: {type: money, visible_to: employer}}", "R012 offer has a field 'salary' already (it is ship"),
        ("offer: {missing: {type: text, visible_to: employer}}", "R012 'missing' has a meaning in rules already"),
        ("offer: {benefits_health: {type: text, visible_to: employer}}", "R012 'benefits_health' has a meaning"),
        ("offer: {Probation: {type: days, visible_to: employer}}", "R012 a field cannot be called 'Probation'"),
        ("offer: {x: {type: day, visible_to: employer}}", "R013 type cannot be 'day' (did you mean days"),
        ("offer: {x: {type: days}}", "R011 the field x must have 'visible_to' (write visible_to: employer if"),
        ("offer: {x: {visible_to: employer}}", "R011 the field x must have 'type' (write type: text, number,"),
        ("offer: {x: {type: [days], visible_to: employer}}", "R013 type cannot be ['days']"),
        ("offer: {x: {type: {days: 2}, visible_to: employer}}", "R013 type cannot be {'days': 2}"),
        ("offer: {x: {type: days, visible_to: all}}", "R013 visible_to cannot be 'all'"),
        ("offer: {x: {type: days, visible: employer, visible_to: employer}}", "R010 the field x has no 'visible'"),
        ("offer: {x: {type: choice, visible_to: employer}}", "R011 the field x: `choices` goes with type: choice"),
        ("offer: {x: {type: choice, choices: [a b], visible_to: employer}}", "R006 choices must be a list of words"),
        ("offers: {x: {type: days, visible_to: employer}}", "R010 fields has no 'offers' (did you mean offer?)"),
        ("candidate: {x: {type: days, visible_to: employer}}", "R021 x is the candidate's"),
    ],
)
def test_a_faulty_declaration_is_named_with_its_place(tmp_path: Path, declared: str, problem: str) -> None:
    found = problems(folder(tmp_path, rule("title: known"), fields=f"fields:\n  {declared}\n"))
    place = f"{tmp_path}/fields.yaml:2:"
    assert any(one.startswith(place) and problem in one for one in found), found


@pytest.mark.parametrize(
    "declared",
    [
        "offer: {probation: {type: days}}",
        "offer: {probation: {type: day, visible_to: employer}}",
        "offers: {probation: {type: days, visible_to: employer}}",
        "offer: {Probation: {type: days, visible_to: employer}}",
        "offer: [probation: {type: days, visible_to: employer}]",
        "offer: {probation: {type: days, label: months: at most, visible_to: employer}}",
    ],
)
def test_what_follows_from_a_faulty_declaration_is_not_reported(tmp_path: Path, declared: str) -> None:
    path = folder(tmp_path, rule("probation: above 60", emitted="probation"), fields=f"fields:\n  {declared}\n")
    (path / "timelines").mkdir()
    (path / "timelines" / "t.yaml").write_text(
        "timelines:\n  - name: t\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 0h, type: offer.extended, offer: o, custom: {probation: 90}}\n"
        "    expect:\n      - {at: 1h, includes: [ask-it@offer/o]}\n"
    )
    _, found = inspect(path, date(2026, 12, 1))
    assert [one.position.file.rpartition("/")[2] for one in found] == ["fields.yaml"]
    with pytest.raises(RulebookError):  # and no R021 of the timeline
        run_timelines_of([path], path)


@pytest.mark.parametrize(("condition", "days"), [("above 90d", 90), ("at least 90 days", 90), ("below 2w", 14)])
def test_a_number_of_days_has_no_unit(tmp_path: Path, condition: str, days: int) -> None:
    [found] = problems(folder(tmp_path, rule(f"probation_period: {condition}")))
    assert f"does not fit days (write the number of days without a unit: {days})" in found


def test_rules_name_declared_fields_and_misspelt_ones_are_problems(tmp_path: Path) -> None:
    rulebook = load(folder(tmp_path, rule("probation_period: above 60", emitted="probation_period")))
    assert list(rulebook.vocabulary.own["candidate"]) == ["needs_visa", "most_probation", "available_on"]
    [found] = problems(folder(tmp_path, rule("probation_perod: above 60")))
    assert "R020 offer has no field 'probation_perod' (did you mean probation_period?)" in found
    [found] = problems(folder(tmp_path, rule("candidate: {needs_visa: not true}")))
    assert "write false or, if it may be unknown, any of: [{needs_visa: false}, {needs_visa: unknown}]" in found
    [found] = problems(folder(tmp_path, rule("shift: evening")))
    assert "R021 'evening' does not fit shift (choice)" in found
    [found] = problems(folder(tmp_path, rule("title: known", emitted="probation")))
    assert "R041 unknown variable 'probation'" in found
    [found] = problems(folder(tmp_path, rule("probation_period: above zzz")))
    names = ", ".join(rulebook.vocabulary.own["offer"])
    assert f"(docs/rulebook/fields.md lists the fields of an offer; fields.yaml declares {names})" in found


def test_a_brace_that_is_shown_in_a_long_text_is_where_the_word_is(tmp_path: Path) -> None:
    message = "  message: >\n    Ask about it,\n    it is { title } now\n"
    path = folder(tmp_path, re.sub(r"  message: .*\n", message, rule("title: known")))
    [found] = [one.position for one in find_problems(path)[1].found if one.code == "R047"]
    line = (path / found.file).read_text().splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith("title }")


@pytest.mark.parametrize("style", [">", ">-", "|", '"', ""])
def test_a_problem_of_a_long_text_is_where_the_word_is(tmp_path: Path, style: str) -> None:
    message = f"  message: {style}\n    Ask about titel,\n    which is {{{{ titel }}}} now{style.strip('>-|')}\n"
    path = folder(tmp_path, re.sub(r"  message: .*\n", message, rule("title: known")))
    [found] = [one.position for one in find_problems(path)[1].found if one.code == "R041"]
    line = (path / found.file).read_text().splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith("titel }}")


def test_what_follows_from_a_wrong_audience_is_not_reported(tmp_path: Path) -> None:
    text = rule("fit: above 1", audience="employer") + "  item: how it fits\n  question: Does it?\n"
    found = problems(folder(tmp_path, text))
    assert {one.split()[1] for one in found} == {"R060"}, found


@pytest.mark.parametrize(
    ("when", "emitted"),
    [
        ("fit: above 1", "title"),
        ("title: known", "fit"),
        ("candidate: {needs_visa: true}", "title"),
        ("any other offer: {probation_period: above 60}", "title"),
        ("any interview: {for: this one, stage: known, impression: known}", "title"),
    ],
)
def test_an_employers_rule_that_could_see_too_much_is_refused(tmp_path: Path, when: str, emitted: str) -> None:
    assert "ask-it" in load(folder(tmp_path, rule(when, emitted=emitted))).rules
    assert any(
        "R060" in one or "R041" in one for one in problems(folder(tmp_path, rule(when, "it", "employer", emitted)))
    )
    assert "ask-it" in load(folder(tmp_path, rule("probation_period: above 60", "it", "employer", "shift"))).rules


# Overlays


def test_an_overlay_adds_rules_sources_and_fields(tmp_path: Path) -> None:
    overlay = folder(tmp_path / "more", rule("shift: night", source="before-accepting"), sources="")
    shipped, joined = load(RULES), load((RULES, overlay))
    assert set(joined.rules) - set(shipped.rules) == {"ask-it"}
    assert joined.version != shipped.version == load((RULES,)).version
    fields = overlay / "fields.yaml"
    fields.write_text(fields.read_text() + "    arrived: {type: boolean, visible_to: candidate}\n")
    assert load((RULES, overlay)).version != joined.version


def test_what_stands_twice_is_named_with_both_places(tmp_path: Path) -> None:
    one, two = (folder(tmp_path / name, rule("title: known")) for name in ("one", "two"))
    found = problems((one, two))
    hint = "to change its words, write them into words.yaml of this folder"
    assert f"{two}/own.yaml:2:1: R012 the rule ask-it stands already at {one}/own.yaml:3:3 ({hint})" in found
    assert any(
        f"{two}/sources.yaml:1:12: R012 the article a is declared already at sources.yaml:1:12" in p for p in found
    )
    assert any("R012 offer.car is declared already at fields.yaml:" in one for one in found)


def test_words_alone_of_a_rule_that_stands_in_another_folder_are_one_problem(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", rule("title: known"))
    two = folder(tmp_path / "two", "ask-it: {title: Ask}\n", fields="", sources="")
    assert [found.partition(" ")[2][:4] for found in problems((one, two)) if f"{two}/own.yaml" in found] == ["R012"]


@pytest.mark.long
def test_the_command_line_takes_ours_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("mine"), rule("shift: night", source="before-accepting", act="decide"), sources="")
    found = CliRunner().invoke(check, ["ours:mine"])
    assert found.exit_code == 1
    assert found.output.splitlines()[0].startswith("mine/own.yaml:3:3: R070 no timeline expects ask-it")
    Path("mine/timelines").mkdir()
    line = "{at: 0m, type: offer.extended, offer: o, custom: {shift: night}}"
    text = "timelines:\n  - name: t\n    start: 2026-03-02T09:00:00Z\n    events:\n      - %s\n    expect:\n%s"
    expected = "      - {at: 0m, includes: [ask-it@offer/o]}\n"
    Path("mine/timelines/t.yaml").write_text(text % (line, expected))
    checked = CliRunner().invoke(check, ["ours:mine"]).output
    assert f"{len(load(RULES).rules) + 1} rules, 15 own fields, no problem" in checked
    ran = CliRunner().invoke(run_timelines, ["mine/timelines", "--rulebook", "ours:mine"])
    assert (ran.exit_code, ran.output) == (0, "1 timeline, 1 expectation, 0 failed\n")
    Path("mine/timelines/t.yaml").write_text(text % (line.replace("shift: night", "shft: night"), expected))
    ran = CliRunner().invoke(run_timelines, ["mine/timelines", "--rulebook", "ours:mine"])
    assert "R021 offer.extended: shft is not declared" in str(ran.exception)
    assert CliRunner().invoke(check, ["ours:nowhere"]).exit_code == 2


# Tenants


TENANTS = """tenants:
  north: {{api_keys: [], rules: north}}
  south: {{api_keys: []}}
sources:
  careers: {{tenant: north, vendor: ashby, secrets: ["plain:sixteen bytes ok"], fields: {{custom.{name}: Probation}}}}
"""


def test_a_tenant_has_rules_and_fields_of_its_own(tmp_path: Path) -> None:
    folder(tmp_path / "north", rule("shift: night", source="before-accepting"), sources="")
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS.format(name="probation_period"))
    found = load_rulebooks(RULES, file)
    assert "ask-it" in found.of("north").rules
    assert "ask-it" not in found.of("south").rules
    tenants = load_tenants(file, {}, rules=RULES)
    assert "shift" in tenants.own_fields("north")["offer"]
    assert tenants.own_fields("south")["offer"] == {}
    file.write_text(TENANTS.format(name="probation"))
    problem = load_tenants(file, {}, rules=RULES).sources["careers"].problem
    assert re.search(r"custom\.probation' is not declared in fields\.yaml \(did you mean", problem)
    file.write_text(TENANTS.format(name="shift").replace("rules: north", "rules: nowhere"))
    with pytest.raises(TenantsError, match=r"tenants\.north\.rules must name a folder of rules; there is none at"):
        load_tenants(file, {}, rules=RULES)


def test_changed_overlays_and_declarations_are_taken_up(tmp_path: Path) -> None:
    north, more = (
        folder(tmp_path / "north", rule("shift: night", source="before-accepting"), sources=""),
        tmp_path / "m",
    )
    folder(more, rule("title: known", "more", source="before-accepting"), fields="", sources="")
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS.format(name="probation_period"))
    engines = LiveEngines((RULES, more), file, CompiledEngine, lambda seconds: None)
    tenants = LiveTenants(file, {}, rules=(RULES, more))
    folder(north, rule("shift: day", "north", source="before-accepting"), OWN_FIELDS.replace("car:", "bike:"), "")
    folder(more, rule("title: known", "moved", source="before-accepting"), fields="", sources="")
    engines.reload_now()
    assert engines.refused == []
    assert {"ask-north", "ask-moved"} <= engines.now().of("north").rulebook.rules.keys()
    assert tenants.poll(tenants.poll()) == ""
    assert "bike" in tenants.own_fields("north")["offer"]


# Messages that lead an author on


def test_money_compares_only_with_an_amount(tmp_path: Path) -> None:
    for operand in ("2000", "2000.50", "EUR 2000", "€2000", "-5"):
        [found] = problems(folder(tmp_path, rule(f"sign_on: below {operand}")))
        assert "R021 sign_on is of type money and cannot be compared with a plain value (write at least" in found
        assert found.endswith("above / below and another amount of money)")
    text = rule("sign_on: below cap").replace("  priority", "  params: {cap: 2000}\n  priority")
    found = problems(folder(tmp_path, text))[0]
    assert found.endswith(
        "is 2000, which does not fit money (write at least / at most / above / below and another amount of money)"
    )


@pytest.mark.parametrize(
    ("act", "hint"),
    [
        ("ask", "known: ask employer, ask present employer"),
        ("ask emploier", "did you mean ask employer or ask present employer?"),
        ("aks employer", "did you mean ask employer or thank employer?"),
        ("telephone", "acts.yaml lists the known ones"),
    ],
)
def test_an_unknown_act_leads_to_known_ones(tmp_path: Path, act: str, hint: str) -> None:
    found = problems((RULES, folder(tmp_path, rule("title: known", act=act))))
    assert [one.partition("R057 ")[2] for one in found] == [f"there is no act {act!r} ({hint})"]


def test_a_folder_that_adds_to_the_shipped_rules_is_led_there_when_it_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = folder(Path("mine"), rule("title: known", act="ask employer"), sources="")
    (mine / "timelines").mkdir()
    (mine / "timelines" / "t.yaml").write_text(
        "timelines:\n  - name: t\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 0h, type: offer.extended, offer: o, custom: {shift: day}}\n"
        "    expect:\n      - {at: 1h, includes: [ask-it@offer/o]}\n"
    )
    output = CliRunner().invoke(check, ["mine"]).output
    assert "R002 sources.yaml is missing (it declares the articles and norms that rules use; if" in output
    assert "adds to the shipped rules, name ours:mine)" in output
    assert "(declare it in acts.yaml, or use those of the shipped rules: ours:DIR for a folder DIR)" in output
    for path in ("mine", "mine/timelines", "mine/timelines/t.yaml"):
        ran = CliRunner().invoke(run_timelines, [path])
        assert ran.stderr.endswith("the shipped rules alone; with rules of your own: --rulebook ours:mine\n")
