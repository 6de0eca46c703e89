"""Tenants' rulebooks: parameters and disabled rules, checked against the rules with their place in the tenants file."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.cli.rules.check import check
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import RulebookError, load
from signpost.tenants.overrides import find_overrides
from signpost.tenants.rulebooks import Engines, Rulebooks, find_rulebook_problems, load_rulebooks
from signpost.yaml_files.problems import Problems

RULES = """
ask:
  about: offer
  source: a
  params: {soon: 2d}
  when: {stage: open, respond_by: unknown, extended_at: at least soon ago}
  priority: high
  title: Ask
  message: Ask.
answer:
  about: offer
  source: a
  params: {early: 72h, late: 48h, last: 24h, least: 3}
  when: {stage: open, respond_by: within early, hours_per_week: above least}
  priority: {normal: from the start, high: late before respond_by, urgent: last before respond_by}
  suppresses: [ask]
  title: Answer
  message: Answer.
plain: {about: offer, source: a, when: {stage: declined}, priority: low, title: Plain, message: Plain.}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources.yaml").write_text("articles: {a: An article}\n")
    (tmp_path / "topic.yaml").write_text(RULES)
    return tmp_path


def tenants(folder: Path, text: str) -> Path:
    """A tenants file beside the rules' folder, with a secret that nobody here can resolve."""
    file = folder / "tenants" / "tenants.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"sources: {{s: {{tenant: acme, vendor: standard, secrets: ['env:NOWHERE']}}}}\ntenants:\n{text}")
    return file


def rulebooks(folder: Path, text: str) -> Rulebooks:
    return load_rulebooks(folder, tenants(folder, text))


def problems(folder: Path, text: str) -> list[str]:
    file = tenants(folder, text)
    return [str(problem).removeprefix(f"{file}:") for problem in find_rulebook_problems(folder, file)[1]]


@pytest.mark.parametrize("name", ["..", "../", "../tenants/.."])
def test_a_folder_of_a_tenant_that_all_tenants_have_is_one_problem(folder: Path, name: str) -> None:
    [found] = problems(folder, f"  acme:\n    rules: {name}\n")
    assert found.startswith("4:12: R002 the folder ")
    assert found.endswith(" is among the rules of all tenants already (remove it here, or from SIGNPOST_RULES)")


def test_who_chooses_nothing_has_the_rulebook_as_it_is(folder: Path) -> None:
    found = rulebooks(folder, "  acme: {api_keys: []}\n  other: {params: {}, disabled: []}\n")
    assert found.own == {}
    assert found.of("acme") is found.of("stranger") is found.default
    assert found.versions == load_rulebooks(folder).versions == load_rulebooks(folder, folder / "none.yaml").versions


def test_parameters_and_disabled_rules_are_the_tenants_own(folder: Path) -> None:
    found = rulebooks(folder, "  acme: {params: {ask: {soon: 3bd}}}\n  other: {disabled: [answer]}\n")
    assert found.of("acme").rules["ask"].params == {"soon": "3bd"}
    assert found.of("other").rules["ask"].params == found.default.rules["ask"].params == {"soon": "2d"}
    assert list(found.of("other").rules) == ["ask", "plain"]
    assert list(found.default.rules) == ["answer", "ask", "plain"]


def test_every_choice_makes_a_version_and_equal_choices_share_it(folder: Path) -> None:
    choices = (
        "params: {ask: {soon: 3d}}",
        "params: {ask: {soon: 4d}}",
        "disabled: [ask]",
        "disabled: [ask, answer]",
        "params: {ask: {soon: 3d}}, disabled: [answer]",
    )
    found = rulebooks(folder, "".join(f"  t{n}: {{{text}}}\n" for n, text in enumerate(choices)))
    versions = [found.of(f"t{n}").version for n in range(len(choices))]
    assert len({found.default.version, *versions}) == len(choices) + 1
    assert found.versions == sorted({found.default.version, *versions})
    again = rulebooks(
        folder, "  x: {disabled: [answer, ask]}\n  y: {params: {ask: {soon: 3d}}}\n  z: {disabled: [ask, answer]}\n"
    )
    assert again.of("x") is again.of("z")
    assert (again.of("x").version, again.of("y").version) == (versions[3], versions[0])


def test_a_version_depends_neither_on_the_order_of_disabled_rules_nor_on_the_process(folder: Path) -> None:
    """Processes compare versions, and each has another order of what has none."""
    names = [f"rule-{number}" for number in range(20, 0, -1)]
    file = tenants(folder, f"  acme: {{disabled: [{', '.join([*names, *names])}]}}\n")
    assert find_overrides(file, Problems())["acme"].disabled_rules() == tuple(sorted(names))


def test_rules_of_ones_own_have_the_version_that_they_have_for_everybody(folder: Path) -> None:
    own = folder / "tenants" / "own"
    own.mkdir(parents=True)
    (own / "more.yaml").write_text(RULES.replace("\nask:", "\nmore:").partition("answer:")[0])
    others = "  other: {params: {ask: {soon: 3d}}}\n  last: {disabled: [ask]}\n"
    found = rulebooks(folder, f"  acme: {{rules: own}}\n{others}")
    assert found.of("acme").version == load((folder, own)).version
    assert len(found.of("last").version) == len(found.default.version), "of the same form without some rules"
    assert found.of("other").version == load(folder, {"ask": {"soon": "3d"}}).version


def test_a_tenant_with_rules_of_its_own_is_announced_with_its_version(folder: Path) -> None:
    found = rulebooks(folder, "  b: {disabled: [ask]}\n  a: {disabled: [ask]}\n  c: {}\n")
    own, ours = found.of("a").version, found.default.version
    assert (found.announced_as("a"), found.announced_as("c")) == (f"{own} a", ours)
    assert found.announced == [own, ours, f"{own} a", f"{own} b"]
    choices = "".join(f"  t{number}: {{params: {{ask: {{soon: {number}d}}}}}}\n" for number in range(3, 10))
    bare = rulebooks(folder, choices).announced[:7]
    assert bare == sorted(set(bare)), "the same for every process"


def test_each_tenant_has_the_rules_of_its_own_folder(folder: Path) -> None:
    for name in ("north", "south"):
        own = folder / "tenants" / name
        own.mkdir(parents=True)
        (own / "more.yaml").write_text(RULES.replace("\nask:", f"\n{name}:").partition("answer:")[0])
    found = rulebooks(folder, "  a: {rules: north}\n  b: {rules: south}\n")
    assert [sorted(found.of(name).rules) for name in ("a", "b")] == [
        ["answer", "ask", "north", "plain"],
        ["answer", "ask", "plain", "south"],
    ]


def test_of_faulty_rules_of_its_own_a_tenant_is_told_nothing_that_follows(folder: Path) -> None:
    own = folder / "tenants" / "own"
    own.mkdir(parents=True)
    (own / "more.yaml").write_text("more: {about: ofer}\n")
    found = problems(folder, "  acme: {rules: own, disabled: [more]}\n")
    assert found
    assert [one for one in found if "with the rules of tenant acme: " not in one] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params: 5, disabled: [aks]", ["3:18: R006"]),
        ("disabled: 5, params: {aks: {}}", ["3:20: R006"]),
        ("params: 5, disabled: 5", ["3:18: R006", "3:31: R006"]),
    ],
)
def test_overrides_of_a_wrong_shape_are_no_overrides(folder: Path, text: str, expected: list[str]) -> None:
    found = problems(folder, f"  acme: {{{text}}}\n")
    assert [one[: len("3:18: R006")] for one in found if " R006 " in one] == expected


def test_one_engine_serves_all_of_one_version(folder: Path) -> None:
    made: list[str] = []

    def make(rulebook: object) -> CompiledEngine:
        made.append(rulebook.version)  # type: ignore[attr-defined]
        return CompiledEngine(rulebook)  # type: ignore[arg-type]

    engines = Engines(make, rulebooks(folder, "  a: {disabled: [ask]}\n  b: {disabled: [ask]}\n"))
    assert engines.turn == 0, "the first of a process, which makes no rulebook the latest"
    assert len(made) == 2
    assert engines.of("a") is engines.of("b")
    assert engines.of("a") is not engines.of("c")
    assert engines.of("a").answers is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  acme: {disabled: [aks]}\n", "3:21: R052 there is no rule 'aks' (did you mean ask?)"),
        ("  acme: {params: {anser: {early: 1h}}}\n", "3:19: R052 there is no rule 'anser' (did you mean answer?)"),
        (
            "  acme: {params: {answer: {erly: 1h}}}\n",
            "3:28: R052 answer has no parameter 'erly' (did you mean early?)",
        ),
        (
            "  acme:\n    params:\n      answer:\n        early: soon\n",
            "6:16: R052 answer.early must be a duration, which 'soon' is not (the default is 72h)",
        ),
        (
            "  acme: {params: {answer: {least: 2h}}}\n",
            "3:35: R052 answer.least must be a number, which '2h' is not (the default is 3)",
        ),
        (
            "  acme: {params: {answer: {least: 36893488147419103232}}}\n",
            "3:35: R005 YAML reads this value as a number of too many digits",
        ),
        (
            "  acme: {params: {answer: {least: [3]}}}\n",
            "3:35: R052 answer.least must be a number, which [3] is not (the default is 3)",
        ),
        (
            "  acme: {params: {plain: {early: 1h}}}\n",
            "3:27: R052 plain has no parameter 'early' (it has no parameters)",
        ),
        (
            '  acme: {params: {ask: {soon: "\\ud800"}}}\n',
            "3:34: R001 not valid YAML",
        ),
        (
            "  acme: {params: {agenda: {max_crds: 3}}}\n",
            "3:28: R052 agenda has no parameter 'max_crds' (did you mean max_cards?)",
        ),
        (
            "  acme: {params: {agenda: {max_cards: many}}}\n",
            "3:39: R052 agenda.max_cards must be a number, which 'many' is not (the default is 3)",
        ),
        (
            "  acme: {params: {life: {quiet_afer: 60d}}}\n",
            "3:26: R052 life has no parameter 'quiet_afer' (did you mean quiet_after?)",
        ),
        (
            "  acme: {params: {life: {quiet_after: 60}}}\n",
            "3:39: R052 life.quiet_after must be a duration, which 60 is not (the default is ",
        ),
        ("  acme: {rules: 5}\n", "3:17: R006 tenants.acme.rules must name a folder of rules"),
        ("  acme: {rules: nowhere}\n", "3:17: R006 tenants.acme.rules must name a folder of rules; there is none at"),
        ("  acme: {rules: ~nobody-of-this-name/x}\n", "3:17: R006 tenants.acme.rules must name a folder of rules"),
        ("  acme: {params: [ask]}\n", "3:18: R006 tenants.acme.params must be a mapping of rule ids to parameters"),
        ("  acme: {params: {ask: 3d}}\n", "3:24: R006 tenants.acme.params.ask must be a mapping of parameters"),
        ("  acme: {disabled: ask}\n", "3:20: R006 tenants.acme.disabled must be a list of rule ids"),
        ("  acme: {disabled: [[ask]]}\n", "3:20: R006 tenants.acme.disabled must be a list of rule ids"),
        ("  acme: {params: {ask: {soon: 1d, soon: 2d}}}\n", "3:35: R004"),
        ("  acme: {disabled: [ask], disabled: [answer]}\n", "3:27: R004"),
        ("  acme: &one {}\n  other: {<<: *one}\n", "3:9: R005 anchors (&name) are not supported"),
        ("  acme: {<<: {}}\n", "3:10: R003 a key must be plain text"),
        ("  acme: 3\n", "3:9: R006 tenants.acme must be a mapping"),
        ("  acme: {params: {ask: {soon: 1d}\n", "4:1: R001 not valid YAML"),
    ],
)
def test_a_wrong_choice_is_said_at_its_place(folder: Path, text: str, problem: str) -> None:
    [found] = problems(folder, text)
    assert found.startswith(problem)


def test_yamls_traps_are_none_of_a_tenants_choices(folder: Path) -> None:
    assert problems(folder, "  acme: {params: {answer: {least: 0x3}}}\n")[0].startswith("3:35: R005 YAML reads")


def test_every_problem_of_every_tenant_is_said_at_once(folder: Path) -> None:
    found = problems(
        folder, "  a: {disabled: [aks]}\n  b: {params: {ask: {soon: 3}}}\n  c: {params: {ask: {son: 3d}}}\n"
    )
    assert [line.partition(":")[0] for line in found] == ["3", "4", "5"]


def test_a_value_that_makes_a_rule_senseless_is_told_with_its_tenant(folder: Path) -> None:
    [found] = problems(folder, "  acme: {params: {answer: {late: 12h}}}\n  fine: {params: {answer: {late: 36h}}}\n")
    assert found.startswith("topic.yaml:")
    assert "R030 with the parameters of tenant acme: " in found


def test_problems_are_in_the_order_of_the_file_and_told_once(folder: Path) -> None:
    wrong = [f"  t{number}: {{disabled: [aks]}}\n" for number in range(10)]
    assert [one.partition(":")[0] for one in problems(folder, "".join(wrong))] == [str(n) for n in range(3, 13)]
    faulty = "".join(f"r{number}: {{about: ofer}}\n" for number in range(10))
    (folder / "topic.yaml").write_text(faulty)
    found = find_rulebook_problems(folder, tenants(folder, "".join(wrong)))[1]
    assert len(found) > 10
    assert found == sorted(set(found))


def test_a_broken_rulebook_blames_no_tenant(folder: Path) -> None:
    (folder / "topic.yaml").write_text(RULES.replace("about: offer", "about: ofer", 1))
    found = problems(folder, "  acme: {disabled: [ask]}\n")
    assert [line.partition(" ")[2][:4] for line in found] == ["R013"]


def test_loading_raises_every_problem(folder: Path) -> None:
    with pytest.raises(RulebookError, match=r"(?s)'aks'.*'anser'"):
        rulebooks(folder, "  acme: {disabled: [aks, anser]}\n")


def test_secrets_are_neither_needed_nor_told(folder: Path) -> None:
    text = "  acme: {api_keys: [12, env:NOWHERE, hush], disabled: [aks]}\n"
    [found] = problems(folder, text)
    assert "hush" not in found
    assert rulebooks(folder, text.replace("aks", "ask")).of("acme").rules.keys() == {"answer", "plain"}


def test_the_command_checks_a_tenants_file_beside_the_rules(folder: Path) -> None:
    file = tenants(folder, "  acme: {disabled: [aks]}\n")
    wrong = CliRunner().invoke(check, [str(folder), "--tenants", str(file)])
    assert (wrong.exit_code, wrong.output.splitlines()[0]) == (
        1,
        f"{file}:3:21: R052 there is no rule 'aks' (did you mean ask?)",
    )
    assert "R052" not in CliRunner().invoke(check, [str(folder)]).output
