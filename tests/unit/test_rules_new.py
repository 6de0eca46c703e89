"""`signpost rules new`: what it writes passes at once, and what it refuses leaves no trace."""

import shutil
from itertools import product
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.settings import SHIPPED_RULES
from tests.support.rulebooks import RULES

TODAY = ("--today", "2026-11-23")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped rulebook, to be changed."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A rulebook without a rule."""
    (tmp_path / "sources.yaml").write_text("articles: {hired: Hired, fired: Fired}\n")
    return tmp_path


def written(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.yaml")}


KINDS = ["offer", "interview", "application"]


@pytest.mark.parametrize(
    ("about", "audience"), [("candidate", "candidate"), *product(KINDS, ["candidate", "employer"])]
)
def test_what_it_writes_passes_every_check_and_notices_every_mutant(empty: Path, about: str, audience: str) -> None:
    result = run("new", "my-rule", empty, "--about", about, "--audience", audience, "--source", "fired")
    assert result.exit_code == 0, result.output
    check = run("check", empty, *TODAY)
    assert (check.exit_code, check.stdout.count("\n")) == (0, 2), check.output
    assert "R017 warning: no rule uses the article hired" in check.stdout
    test = run("test", empty, "--mutate", "--min-score", "100", "--jobs", "1", "--no-cache")
    assert test.exit_code == 0, test.output
    assert test.stdout.startswith("1 timeline, 4 expectations, 0 failed\n")


@pytest.mark.parametrize(
    ("sources", "article"),
    [("articles: {house-rules: Our coaches}\n", "house-rules"), ("", None), ("norms: {}\n", None)],
)
def test_an_article_of_ones_own_is_the_first_choice(sources: str, article: str | None, tmp_path: Path) -> None:
    if sources:
        (tmp_path / "sources.yaml").write_text(sources)
    result = run("new", "my-rule", f"ours:{tmp_path}")
    assert result.exit_code == 0, result.output
    shipped = next(iter(yaml.safe_load((RULES / "sources.yaml").read_text("utf-8"))["articles"]))
    assert yaml.safe_load((tmp_path / "my-rule.yaml").read_text("utf-8"))["my-rule"]["source"] == (article or shipped)


def test_a_topic_that_exists_is_extended(folder: Path) -> None:
    before = written(folder)
    result = run("new", "ask-about-parking", folder, "--topic", "before-accepting")
    assert result.exit_code == 0, result.output
    changed = {name for name, text in written(folder).items() if text != before[name]}
    assert changed == {"before-accepting.yaml", "timelines/before-accepting.yaml"}
    assert all(written(folder)[name].startswith(before[name].rstrip()) for name in changed)
    assert result.stdout.splitlines() == [
        f"{folder}/before-accepting.yaml: rule ask-about-parking written",
        f"{folder}/timelines/before-accepting.yaml: its timeline written",
        "Next: replace the example condition and texts in both files, then run",
        f"  signpost rules check {folder}",
        f"  signpost rules test {folder}",
    ]


@pytest.mark.long
def test_it_passes_beside_the_shipped_rules(folder: Path) -> None:
    run("new", "ask-about-parking", folder)
    assert run("check", folder, "--strict", *TODAY).exit_code == 0
    test = run("test", folder / "timelines" / "ask-about-parking.yaml", "--rulebook", folder)
    assert test.exit_code == 0, test.output


def test_it_lists_the_acts_to_choose_from(folder: Path) -> None:
    run("new", "one", folder)
    run("new", "two", folder, "--audience", "employer", "--about", "offer")
    one, two = (" ".join((folder / f"{name}.yaml").read_text().replace("#", " ").split()) for name in ("one", "two"))
    assert " act: decide " in one
    assert "has the person do: decide, " in one
    assert "weigh, review, ask employer, " in one
    assert " act: tell candidate " in two
    assert "rules/acts.yaml of Signpost says what each means" in one


def test_new_files_name_their_schema_where_the_folder_has_it(folder: Path, empty: Path) -> None:
    run("new", "my-rule", folder)
    assert (folder / "my-rule.yaml").read_text().startswith("# yaml-language-server: $schema=rulebook.schema.json\n")
    timelines = (folder / "timelines" / "my-rule.yaml").read_text()
    assert timelines.startswith("# yaml-language-server: $schema=../timelines.schema.json\n")
    run("new", "my-rule", empty)
    assert (empty / "my-rule.yaml").read_text().startswith("my-rule:\n")


REFUSED = {
    ("My Rule",): "'My Rule' is not a rule id: use lower-case letters and hyphens, like ask-response-deadline",
    ("../x",): "'../x' is not a rule id: use lower-case letters and hyphens, like ask-response-deadline",
    ("x", "--topic", "../x"): "'../x' is not a topic: use lower-case letters and hyphens, like before-accepting",
    ("sources",): "'sources' is not a topic: use lower-case letters and hyphens, like before-accepting",
    ("x", "--source", "hierd"): "{folder}/sources.yaml has no article 'hierd'; did you mean hired?",
    ("give-notice",): "the rule give-notice already exists: {folder}/after-saying-yes.yaml:{line}; choose another name",
    ("x", "--about", "candidate", "--audience", "employer"): (
        "a rule for employers cannot be about the candidate; choose --about offer, interview or application"
    ),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.items(), ids=[" ".join(one) for one in REFUSED])
def test_it_refuses_in_words_and_writes_nothing(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    before = written(folder)
    result = run("new", arguments[0], folder, *arguments[1:])
    lines = (folder / "after-saying-yes.yaml").read_text().splitlines()
    line = lines.index("give-notice:") + 1
    assert (result.exit_code, result.stderr.strip()) == (2, "signpost: " + message.format(folder=folder, line=line))
    assert written(folder) == before


@pytest.mark.parametrize("text", ["timelines: []\n", "timelines: [{name: one}]\n", "[]\n", "timelines: [\n"])
def test_a_file_that_cannot_be_extended_stays_as_it_is(empty: Path, text: str) -> None:
    (empty / "timelines").mkdir()
    (empty / "timelines" / "my-rule.yaml").write_text(text)
    result = run("new", "my-rule", empty)
    assert result.exit_code == 2
    assert str(empty / "timelines" / "my-rule.yaml") in result.stderr
    assert sorted(written(empty)) == ["sources.yaml", "timelines/my-rule.yaml"]
    assert (empty / "timelines" / "my-rule.yaml").read_text() == text


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("our:house", "there is no folder 'our'; did you mean ours:house?"),
        ("ours:hous", "there is no folder 'hous'; did you mean ours:house?"),
        ("ours:in/hous", "there is no folder 'in/hous'; did you mean ours:in/house2?"),
        ("in/our", "there is no folder 'in/our'"),
        ("house/x:ours", "there is no folder 'house/x'"),
    ],
)
def test_a_folder_that_does_not_exist_leads_to_a_near_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("house", "in/house2", ".ours"):
        Path(name).mkdir(parents=True)
    result = run("check", given)
    assert (result.exit_code, result.stderr.splitlines()[-1].rpartition("': ")[2]) == (2, meant)


@pytest.mark.parametrize(("given", "named"), [("ours:mine", "ours:."), ("mine", "."), ("ours:in/mine", "ours:.")])
def test_who_stands_in_the_folder_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, named: str
) -> None:
    (tmp_path / "in" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "in" / "mine")
    assert run("check", given).stderr.endswith(f" here: you are in it: {named}\n")


def test_the_shipped_rules_are_no_folder_that_is_meant_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHIPPED_RULES.resolve().parent)
    assert run("check", "ours:rule").stderr.splitlines()[-1].endswith("there is no folder 'rule'")
    assert run("check", "rule").stderr.splitlines()[-1].endswith("there is no folder 'rule'; did you mean rules?")


@pytest.mark.parametrize(("command", "prefix"), [("test", "ours:"), ("check", ""), ("check", "ours:")])
def test_a_folder_of_timelines_is_not_taken_for_rules(empty: Path, command: str, prefix: str) -> None:
    run("new", "one", empty)
    result = run(command, f"{prefix}{empty}/timelines")
    assert result.exit_code == 2
    assert f"has timelines, not rules; name the folder around it: {prefix}{empty}\n" in result.stderr


def test_a_timeline_keeps_the_indentation_of_its_file(empty: Path) -> None:
    run("new", "one", empty, "--topic", "topic")
    path = empty / "timelines" / "topic.yaml"
    path.write_text("\n".join(line.removeprefix("  ") for line in path.read_text().splitlines()) + "\n")
    assert run("new", "two", empty, "--topic", "topic").exit_code == 0
    assert [one["name"] for one in yaml.safe_load(path.read_text())["timelines"]] == [
        "one begins and ends",
        "two begins and ends",
    ]


@pytest.mark.long
def test_of_several_folders_the_last_gets_the_rule(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "fields.yaml").write_text("fields: {offer: {shift: {type: text, visible_to: employer}}}\n")
    before = written(folder)
    result = run("new", "my-rule", f"{folder}:{own}")
    assert result.exit_code == 0, result.output
    assert written(folder) == before
    assert f"  signpost rules check {folder}:{own}\n" in result.output
    assert run("check", f"{folder}:{own}").exit_code == 0
    assert "the rule my-rule already exists" in run("new", "my-rule", f"{folder}:{own}").output
    assert "'fields' is not a topic" in run("new", "another", f"{folder}:{own}", "--topic", "fields").output


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a folder of rules that adds to the shipped ones."""
    (tmp_path / "my-rules").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [("new", "my-rule"), ("schema",)])
@pytest.mark.parametrize("origin", ["environment", "client file"])
def test_without_a_folder_it_writes_into_the_last_one_of_the_system(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], origin: str
) -> None:
    if origin == "environment":
        monkeypatch.setenv("SIGNPOST_RULES", "ours:my-rules")
    else:
        (here / ".signpost").mkdir()
        (here / ".signpost" / "client.env").write_text("SIGNPOST_RULES=ours:my-rules\n")
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("my-rules/")
    assert len(list((here / "my-rules").iterdir())) > 1


@pytest.mark.parametrize(("command", "said"), [(("new", "my-rule"), "new NAME"), (("schema",), "schema")])
@pytest.mark.parametrize("folder", [(), ("ours",)])
@pytest.mark.usefixtures("here")
def test_the_shipped_rules_are_written_to_only_in_their_checkout(
    command: tuple[str, ...], said: str, folder: tuple[str, ...]
) -> None:
    before = written(SHIPPED_RULES)
    result = run(*command, *folder)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"Error: name a folder: signpost rules {said} ours:my-rules\n")
    assert written(SHIPPED_RULES) == before


def test_in_their_checkout_the_shipped_rules_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHIPPED_RULES.parent)
    assert "the rule give-notice already exists" in run("new", "give-notice").stderr


@pytest.mark.usefixtures("here")
def test_a_missing_folder_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNPOST_RULES", "ours:my-rule")
    assert "there is no folder 'my-rule'; did you mean ours:my-rules?" in run("new", "one").stderr
