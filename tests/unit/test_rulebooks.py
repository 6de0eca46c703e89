"""Tenants' rulebooks: parameters and disabled rules, checked against the rules with their place in the tenants file."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.cli.rules.check import check
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import RulebookError
from signpost.tenants.rulebooks import Engines, Rulebooks, find_rulebook_problems, load_rulebooks

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
