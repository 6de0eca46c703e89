"""durable-rules 2.0.28: the limits that the lowering respects, each shown on the library itself, and that it
respects them."""

import gc
import resource
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from signpost.case import Case
from signpost.case.instant import format_instant
from signpost.engine import DurableEngine, EngineFaults
from signpost.engine.compiled import Match
from signpost.engine.durable import _chunks, _property, _raw, load_library
from signpost.engine.lowering import NUMBER
from signpost.facts.facts import facts_of
from signpost.rulebook import load
from tests.support.generators import random_facts, random_now
from tests.support.rulebooks import RULES
from tests.support.workers_kit import HOUR, START, event

pytestmark = pytest.mark.durable_rules

PROBE = """
import durable_rules_engine as engine, json
def run(rules, facts):
    handle = engine.create_ruleset("probe", json.dumps(rules))
    code, state = engine.assert_facts(handle, json.dumps([{**fact, "sid": "s"} for fact in facts]))
    action = engine.start_action_for_state(handle, state)
    message, fired = action and action[1], []
    while message:
        fired.append(json.loads(message))
        message = engine.complete_and_start_action(handle, state)
    return code, fired
def flat(*tests):
    return {"all": [{"m": {"$and": list(tests)}}]}
def emitted(rules, facts):
    code, fired = run(rules, facts)
    print(code, len(fired))
"""


def probe(code: str) -> subprocess.CompletedProcess[str]:
    """Run a probe in a process of its own, which it may well take down."""
    return subprocess.run([sys.executable, "-c", PROBE + code], capture_output=True, text=True, timeout=60, check=False)


def test_a_join_with_two_tests_before_it_kills_the_process() -> None:
    accepted = '{"t": "offer"}, {"status": "accepted"}'
    join = f'{{"second": {{"$and": [{accepted}, {{"$gt": {{"at": {{"first": "at"}}}}}}]}}}}'
    died = probe(
        f'run({{"r": {{"all": [{{"first": {{"$and": [{accepted}]}}}}, {join}]}}}}, '
        '[{"t": "offer", "status": "accepted", "at": 1}])\nprint("survived")'
    )
    assert died.returncode < 0, "this limit is gone; relations could be lowered to joins"


def test_the_result_code_tells_nothing_once_there_are_two_facts() -> None:
    rule = 'emitted({"r": flat({"a": 1}, {"b": 1})}, '
    seen = {
        probe(f'{rule}[{{"a": {first}, "b": 1}}, {{"a": {3 - first}, "b": 1}}])').stdout.strip() for first in (1, 2)
    }
    assert "1 1" in seen, "code 1 (not handled) although a rule fired"


def test_a_rule_that_only_asks_for_unknowns_matches_the_sessions_own_fact() -> None:
    rule = 'flat({"$nex": {"x": 1}}, {"$nex": {"y": 1}})'
    seen = probe(f'print(*("n" in one["r"]["m"] for one in run({{"r": {rule}}}, [{{"n": 0}}])[1]))')
    assert "False" in seen.stdout.split()


def test_a_session_without_any_action_can_be_deleted_with_our_guard() -> None:
    """Without the rule that always fires, deleting such a session frees a pointer that was never set."""
    code = f"""
from random import Random
from pathlib import Path
from signpost.engine import DurableEngine
from signpost.rulebook import load
from signpost.case import Case, Event
from signpost.facts.facts import facts_of
engines = [DurableEngine(load(Path({str(RULES)!r}))) for _ in range(3)]
facts = facts_of(Case().fold(Event("t", "s", "e", "offer.expired", 1, "c", {{"offer": "o"}})), "c")
for number in range(3000):
    assert engines[number % 3].library_matches(facts, 1) == set()
print("survived")
"""
    assert probe(code).stdout.strip() == "survived"


@pytest.mark.long
def test_evaluations_leave_nothing_behind() -> None:
    random, engine = Random(3), DurableEngine(load(RULES))
    cases = [(random_facts(random), random_now(random)) for _ in range(200)]

    def evaluate(times: int) -> int:
        for number in range(times):
            engine.library_matches(*cases[number % len(cases)])
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = evaluate(500)
    assert evaluate(3000) - before < 2048, "kilobytes"


def test_the_rulesets_of_rules_that_are_gone_are_deleted(tmp_path: Path) -> None:
    """Half a megabyte each, which would stay behind with every reload."""
    library = load_library()
    engine = DurableEngine(load(rulebook(tmp_path, f"one:\n  about: offer\n  when: {{stage: open}}\n{HEAD}")))
    handles = {handle for kind in engine._kinds.values() for handle in kind._handles}
    del engine
    gc.collect()
    assert handles
    for handle in handles:
        with pytest.raises(library.error, match="111"):
            library.delete_ruleset(handle)


HEAD = "  source: a\n  priority: low\n  title: T\n  message: M\n"


def rulebook(folder: Path, rules: str) -> Path:
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    (folder / "topic.yaml").write_text(rules)
    return folder


def test_a_rule_with_too_many_terms_is_left_to_the_compiled_evaluator(tmp_path: Path) -> None:
    fields = ["title", "salary", "negotiable", "bonus", "commission", "equity", "start_date", "workplace", "relocation"]
    fields += [
        "hours_per_week",
        "basis",
        "overtime_paid",
        "weekends",
        "on_call",
        "travel_percent",
        "growth_path",
        "team",
    ]
    fields += ["work_life", "highlights", "conditions", "commute_minutes", "employer", "city", "region", "country"]
    fields += ["accepted_at", "declined_at", "withdrawn_at", "letter_salary", "letter_title"]
    conditions = ", ".join(f"{name}: unknown" for name in fields)
    folder = rulebook(tmp_path, f"big:\n  about: offer\n  when: {{stage: expired, {conditions}}}\n{HEAD}")
    engine = DurableEngine(load(folder), EngineFaults())
    assert (engine.unfit, engine.rules) == (["big"], set())
    random, held = Random(5), False
    for _ in range(300):
        facts, now = random_facts(random), random_now(random)
        found = engine.matches(facts, now)
        assert found == engine.compiled.matches(facts, now)
        held = held or bool(found)
    assert held
    assert engine.faults.counts() == {}


@pytest.mark.parametrize(
    ("rule", "least"),
    [
        # Error 303, where more than 64 rules of one ruleset hold
        ("  when: {{stage: [open, accepted], commute_minutes: at most {n}}}\n", 200),
        # The end of the process, where one fact has more than 255 properties
        ("  params: {{soon: {n}h}}\n  when: {{stage: [open, accepted], respond_by: within soon}}\n", 100),
    ],
)
def test_hundreds_of_rules_stay_below_the_limits_of_a_ruleset(tmp_path: Path, rule: str, least: int) -> None:
    rules = "".join(f"rule-{n}:\n  about: offer\n{rule.format(n=n)}{HEAD}" for n in range(1, 301))
    engine = DurableEngine(load(rulebook(tmp_path, rules)))
    random, most = Random(5), 0
    for _ in range(200):
        facts, now = random_facts(random), random_now(random)
        found = engine.library_matches(facts, now)
        assert found == engine.compiled.matches(facts, now)
        most = max(most, len(found))
    assert most >= least


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ("  define: {upcoming_until: respond_by}\n  when: {upcoming_until: ahead}\n", "{}"),
        ("  when: {upcoming_until: ahead}\n", "{offer: {upcoming_until: {type: instant, visible_to: employer}}}"),
    ],
)
def test_a_value_that_is_called_as_one_of_interviews_is_none(tmp_path: Path, when: str, fields: str) -> None:
    """`upcoming_until` of an interview is known only while it is scheduled."""
    (tmp_path / "fields.yaml").write_text(f"fields: {fields}\n")
    engine = DurableEngine(load(rulebook(tmp_path, f"one:\n  about: offer\n{when}{HEAD}")))
    until = format_instant(START + 2 * HOUR)
    offer = event("offer.extended", offer="o", respond_by=until, custom={"upcoming_until": until})
    facts = facts_of(Case().fold(offer), "c-1", engine.rulebook.vocabulary)
    for now, holding in ((START, {Match("one", "offer", "o")}), (START + 2 * HOUR, set())):
        assert engine.library_matches(facts, now) == engine.compiled.matches(facts, now) == holding


def test_a_fact_of_too_many_properties_is_not_refused_and_its_session_is_of_no_use() -> None:
    rule = 'rule = {"r": flat({"q0": 1})}\n'
    fact = 'run(rule, [{"n": 0, **{f"q{number}": 1 for number in range(%d)}}])'
    assert probe(f"{rule}print(len({fact % 240}[1]))").stdout.strip() == "1"
    assert probe(f"{rule}print(len({fact % 300}[1]))").stdout.strip() != "1", "this limit is gone"


def test_no_ruleset_reads_more_properties_than_it_may_or_gets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signpost.engine.durable.MAX_PROPERTIES", 30)
    engine = DurableEngine(load(RULES))
    read = [one for kind in engine._kinds.values() for one in kind._read.values()]
    assert max(map(len, read)) in range(25, 31)
    assert _raw([{"n": 0, "sid": "s", "q1": True, "q2": False}], {"n", "q2"}) == '[{"n":0,"q2":false}]'
    random = Random(5)
    for _ in range(100):
        facts, now = random_facts(random), random_now(random)
        assert engine.library_matches(facts, now) == engine.compiled.matches(facts, now)


def test_a_ruleset_reads_as_many_properties_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """The identity of the fact and its session are two of them."""
    lowered = DurableEngine(load(RULES))._kinds["offer"].lowered
    properties = {_property(test) for _, tests in lowered.flat for test in tests} | {NUMBER, "sid"}
    monkeypatch.setattr("signpost.engine.durable.MAX_PROPERTIES", len(properties))
    monkeypatch.setattr("signpost.engine.durable.MAX_RULES", len(lowered.flat))
    assert len(_chunks(lowered)) == 1
    monkeypatch.setattr("signpost.engine.durable.MAX_PROPERTIES", len(properties) - 1)
    assert len(_chunks(lowered)) == 2
