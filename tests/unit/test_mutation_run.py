"""Mutation runs: what timelines notice and miss, what is accepted, the cache, other processes, and the command."""

import json
from hashlib import blake2b
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from signpost.authoring.mutation.cache import Cache
from signpost.authoring.mutation.mutants import mutants
from signpost.authoring.mutation.plan import Plan, make_plan
from signpost.authoring.mutation.run import Report, run_mutants
from signpost.authoring.mutation.trial import killers
from signpost.authoring.timelines import TimelineError, run_timelines
from signpost.authoring.timelines.runner import Result as Timelines
from signpost.authoring.timelines.runner import Run, params_key
from signpost.cli import main
from signpost.engine import CompiledEngine
from signpost.rulebook import Rulebook

RULES = Path(__file__).parents[2] / "rules"

TOPIC = """
answer-soon:
  about: offer
  source: a
  title: T
  message: M
  params: {soon: 2d}
  when: {stage: open, respond_by: within soon}
  priority: high
  suppresses: [ask-the-salary]
ask-the-salary:
  about: offer
  source: a
  title: T
  message: M
  when: {stage: open, salary: unknown}
  priority: {normal: from the start, high: {title: known}}
"""
THOROUGH = """
timelines:
  - name: answer in the last two days
    start: 2026-03-02T00:00:00Z
    events:
      - {at: 1h, type: offer.extended, offer: acme, respond_by: 2026-03-12T00:00:00Z}
      - {at: 1h, type: offer.extended, offer: globex, respond_by: 2026-03-12T00:00:00Z}
      - {at: 2h, type: offer.accepted, offer: globex}
    expect:
      - {at: 7d23h59m59s, excludes: [answer-soon@offer/acme]}
      - {at: 8d, includes: [answer-soon@offer/acme], excludes: [answer-soon@offer/globex]}
      - {at: 8d, priority: {answer-soon@offer/acme: high}}
      - {at: 9d23h59m59s, includes: [answer-soon@offer/acme], excludes: [ask-the-salary@offer/acme]}
      - {at: 10d, excludes: [answer-soon@offer/acme], includes: [ask-the-salary@offer/acme]}
"""
SALARY = """
  - name: ask the salary of an open offer
    start: 2026-03-02T00:00:00Z
    events:
      - {at: 1h, type: offer.extended, offer: acme}
      - {at: 1h, type: offer.extended, offer: globex}
      - {at: 2h, type: offer.updated, offer: acme, title: Cook}
      - {at: 3h, type: offer.accepted, offer: globex}
      - {at: 4h, type: offer.updated, offer: acme, salary: {amount: 1, currency: USD, per: hour}}
    expect:
      - {at: 1h, priority: {ask-the-salary@offer/acme: normal}}
      - {at: 2h, priority: {ask-the-salary@offer/acme: high}}
      - {at: 3h, excludes: [ask-the-salary@offer/globex]}
      - {at: 4h, excludes: [ask-the-salary@offer/acme]}
"""
WEAK = THOROUGH.replace("at: 7d23h59m59s", "at: 7d").replace("at: 10d", "at: 10d1s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rulebook of two rules whose timelines notice everything."""
    rules = tmp_path / "rules"
    (rules / "timelines").mkdir(parents=True)
    (rules / "sources.yaml").write_text("articles: {a: An article}\n")
    (rules / "topic.yaml").write_text(TOPIC.lstrip())
    (rules / "timelines" / "topic.yaml").write_text(THOROUGH.lstrip() + SALARY.lstrip("\n"))
    return rules


def rewrite(folder: Path, timelines: str) -> None:
    (folder / "timelines" / "topic.yaml").write_text(timelines.lstrip())


def plan(folder: Path) -> Plan:
    return make_plan(folder, [folder], run_timelines([folder], folder))


def run(folder: Path, cache: Cache | None = None) -> Report:
    planned = plan(folder)
    return run_mutants(planned.tasks, planned.accepted, cache=cache)


def survivors(report: Report) -> list[str]:
    return [f"{one.position} {one.description}" for verdict in report.verdicts for one in verdict.survivors]


def test_timelines_that_prove_everything_leave_no_survivor(folder: Path) -> None:
    report = run(folder)
    assert survivors(report) == []
    assert report.score == 100
    assert [verdict.mutants for verdict in report.verdicts] == [12, 8]


def test_what_timelines_miss_is_listed_where_it_stands(folder: Path) -> None:
    rewrite(folder, WEAK + SALARY.lstrip("\n"))
    report = run(folder)
    assert survivors(report) == [
        "topic.yaml:7:35 shift `2d before respond_by` by -1s",
        "topic.yaml:7:35 shift `respond_by` by +1s",
    ]
    assert report.verdicts[0].score == pytest.approx(100 * 10 / 12)


def test_a_rule_that_no_timeline_names_keeps_all_its_mutants(folder: Path) -> None:
    rewrite(folder, "timelines:\n" + SALARY)
    first, second = run(folder).verdicts
    assert (first.score, len(first.survivors)) == (0, 12)
    assert second.score == 100


def test_a_timeline_that_fails_proves_nothing(folder: Path) -> None:
    rewrite(folder, THOROUGH.replace("answer-soon@offer/acme: high", "answer-soon@offer/acme: low"))
    assert [verdict.score for verdict in run(folder).verdicts] == [0, 0]


def test_what_is_accepted_counts_no_more_and_an_entry_that_is_stale_is_told(folder: Path) -> None:
    rewrite(folder, WEAK + SALARY.lstrip("\n"))
    accept(folder, "answer-soon", "shift `respond_by` by +1s")
    accept(folder, "answer-soon", "drop `stage: open`")
    accept(folder, "gone", "drop `stage: open`")
    report = run(folder)
    assert survivors(report) == ["topic.yaml:7:35 shift `2d before respond_by` by -1s"]
    assert [one.description for one in report.verdicts[0].accepted] == ["shift `respond_by` by +1s"]
    assert report.verdicts[0].score == pytest.approx(100 * 10 / 11)
    assert [(one.rule, one.mutant) for one in report.stale] == [
        ("answer-soon", "drop `stage: open`"),
        ("gone", "drop `stage: open`"),
    ]


def accept(folder: Path, rule: str, mutant: str, reason: str = "nobody would meet it") -> None:
    file = folder / "timelines" / "survivors.yaml"
    before = file.read_text() if file.exists() else "survivors:\n"
    file.write_text(f"{before}  - {{rule: {rule}, mutant: '{mutant}', reason: '{reason}'}}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("survivors: {}", "is `survivors:` with a list"),
        ("survivors: [x]", "has a rule, a mutant and a reason"),
        ("survivors: [{rule: a, mutant: b}]", "'reason' is missing"),
        ("survivors: [{rule: a, mutant: b, reason: ''}]", "'reason' is missing, or is no text"),
        ("survivors: [{rule: a, mutant: b, reason: c, raeson: d}]", "no key 'raeson' .did you mean reason"),
        ("survivors: [{rule: a, mutant: b, reason: c}, {rule: a, mutant: b, reason: d}]", "stands twice"),
    ],
)
def test_malformed_acceptance_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / "timelines" / "survivors.yaml").write_text(text)
    with pytest.raises(TimelineError, match=message):
        plan(folder)


def test_only_what_changed_is_run_again(folder: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    first = run(folder, cache)
    (folder / "topic.yaml").write_text(
        "# A remark moves everything.\n" + TOPIC.lstrip().replace("title: T", "title: U")
    )
    again = run(folder, cache)
    assert (first.cached, again.cached) == (0, 2)
    assert [verdict.killed for verdict in again.verdicts] == [verdict.killed for verdict in first.verdicts]
    rewrite(folder, THOROUGH + SALARY.lstrip("\n").replace("at: 3h, excludes", "at: 210m, excludes"))
    assert run(folder, cache).cached == 0  # the suppression makes it matter to the other rule too
    rewrite(folder, THOROUGH.replace("at: 7d23h59m59s", "at: 7d23h") + SALARY.lstrip("\n"))
    assert survivors(run(folder, cache)) == ["topic.yaml:8:35 shift `2d before respond_by` by -1s"]


def test_a_cache_that_is_broken_or_cannot_be_written_is_done_without(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "answer-soon.json").write_text("{")
    (cache / "ask-the-salary.json").mkdir()
    assert run(folder, Cache(cache)).score == 100
    (tmp_path / "file").write_text("")
    assert run(folder, Cache(tmp_path / "file")).score == 100


@pytest.fixture(scope="module")
def tested() -> Timelines:
    return run_timelines([RULES], RULES)


@pytest.fixture(scope="module")
def whole(tested: Timelines) -> Plan:
    return make_plan(RULES, [RULES], tested)


@pytest.mark.long
def test_what_is_left_out_of_a_run_changes_no_outcome(tested: Timelines, whole: Plan) -> None:
    """A mutant is tried among its neighbours, without texts; here one, chosen by digest, in the complete rulebook."""
    every = [(rule.id, task, index, one) for rule, task in whole.tasks for index, one in enumerate(mutants(rule))]
    rule, task, index, mutant = min(every, key=lambda one: digest(one[0], one[3].description))
    assert (killers(task)[index] is not None) == notices(tested, rule, index), f"{rule}: {mutant.description}"


def digest(rule: str, mutant: str) -> bytes:
    return blake2b(f"{rule} {mutant}".encode()).digest()


def notices(tested: Timelines, rule: str, index: int) -> bool:
    engines: dict[str, CompiledEngine] = {}
    for outcome in (one for one in tested.outcomes if not one.failures):
        key = params_key(outcome.timeline)
        if key not in engines:
            rulebook = tested.rulebooks[key]
            changed = mutants(rulebook.rules[rule])[index].rule
            engines[key] = CompiledEngine(Rulebook({**rulebook.rules, rule: changed}, rulebook.version))
        if next(Run(outcome.timeline, engines[key]).failures(), None) is not None:
            return True
    return False


@pytest.mark.long
def test_several_processes_find_what_one_finds(whole: Plan) -> None:
    done: list[str] = []
    several = run_mutants(whole.tasks[:12], (), jobs=2, progress=done.append)
    assert several == run_mutants(whole.tasks[:12], ())
    assert sorted(done) == [rule.id for rule, _ in whole.tasks[:12]]


@pytest.mark.long
def test_no_mutant_of_the_rulebook_survives_but_for_a_reason(whole: Plan) -> None:
    report = run_mutants(whole.tasks, whole.accepted)
    assert survivors(report) == []
    assert report.stale == ()
    assert all(verdict.mutants for verdict in report.verdicts)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments])


def test_the_command_shows_survivors_and_fails_below_the_score(folder: Path, here: Path) -> None:
    rewrite(folder, WEAK + SALARY.lstrip("\n"))
    shown = command("test", "rules", "--mutate", "--min-score", "90")
    assert shown.exit_code == 0, shown.output
    assert "rules/topic.yaml:7:35: answer-soon: survives: shift `respond_by` by +1s\n" in shown.stdout
    assert shown.stdout.endswith("20 mutants of 2 rules: 2 survive, score 90.0\n")
    assert command("test", "rules", "--mutate", "--min-score", "90.1").exit_code == 1
    accept(folder, "answer-soon", "drop `stage: open`")
    stale = command("test", "rules", "--mutate")
    assert stale.exit_code == 1
    assert "survivors.yaml:2:5: answer-soon: drop `stage: open` does not survive" in stale.stdout


def test_the_command_mutates_one_rule_or_those_that_are_named(folder: Path, here: Path) -> None:
    one = json.loads(command("test", "rules", "--mutate", "--rule", "ask-the-salary", "--json").stdout)
    assert [rule["rule"] for rule in one["mutants"]["rules"]] == ["ask-the-salary"]
    rewrite(folder, "timelines:\n" + SALARY)
    file = "rules/timelines/topic.yaml"
    for around in (["--rulebook", "rules"], []):
        named = json.loads(command("test", file, *around, "--mutate", "--json").stdout)
        assert [rule["rule"] for rule in named["mutants"]["rules"]] == ["ask-the-salary"]
    assert command("test", "rules", "--mutate", "--rule", "ask-salary").exit_code == 2
    assert command("test", "rules", "--min-score", "90").exit_code == 2


def test_junit_has_a_case_for_each_timeline_and_each_rule(folder: Path, here: Path) -> None:
    rewrite(folder, WEAK.replace("answer-soon@offer/acme: high", "answer-soon@offer/acme: low") + SALARY.lstrip("\n"))
    assert command("test", "rules", "--junit", "out/plain.xml").exit_code == 1
    assert command("test", "rules", "--mutate", "--junit", "out/mutants.xml").exit_code == 1
    plain, whole = (ElementTree.parse(here / "out" / name).getroot() for name in ("plain.xml", "mutants.xml"))
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in plain] == [
        ("timelines", "2", "1")
    ]
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in whole] == [
        ("timelines", "2", "1"),
        ("mutants", "2", "1"),
    ]
    failed = whole.findall(".//testcase[failure]")
    assert [case.get("name") for case in failed] == ["answer in the last two days", "answer-soon"]
    assert "has priority high, not low" in (failed[0].findtext("failure") or "")


def test_coverage_names_every_rule(folder: Path, here: Path) -> None:
    rewrite(folder, "timelines:\n" + SALARY)
    rows = json.loads(command("coverage", "rules", "--json").stdout)["rules"]
    assert [(row["rule"], row["line"], len(row["timelines"]), row["expectations"], row["score"]) for row in rows] == [
        ("answer-soon", 2, 0, 0, 0.0),
        ("ask-the-salary", 11, 1, 4, 100.0),
    ]
    assert command("coverage", "rules").stdout.endswith("2 rules, 1 without a timeline, score 40.0\n")


def test_a_malformed_file_and_a_failed_expectation_have_codes_of_their_own(folder: Path, here: Path) -> None:
    assert command("test", "rules").exit_code == 0
    rewrite(folder, THOROUGH.replace("answer-soon@offer/acme: high", "answer-soon@offer/acme: low"))
    assert command("test", "rules").exit_code == 1
    rewrite(folder, THOROUGH.replace("expect:", "expects:"))
    assert command("test", "rules").exit_code == 2
    rewrite(folder, THOROUGH)
    (folder / "topic.yaml").write_text(TOPIC.replace("about: offer", "about: ofer"))
    assert command("test", "rules").exit_code == 2
