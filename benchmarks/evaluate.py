"""Evaluation of cases by the whole rulebook, beside other rule engines with the same rules and the same answers.

The other engines get flat rules over ready facts, as durable-rules does: what needs time or other facts is already
computed for them, and this is not part of their time. Signpost's engines get the facts of the case and compute it.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from time import process_time
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.peers.environment import run_peer
from benchmarks.plots import write_plot
from benchmarks.rows import AT_MOST, Goal, Rounds, Row, progress
from signpost.engine import CompiledEngine, DurableEngine
from signpost.engine.compiled import Match
from signpost.facts.facts import Facts
from signpost.rulebook import Rulebook, load
from signpost.rulebook.values import parse_duration
from tests.support.generators import random_facts, random_now

if TYPE_CHECKING:
    from benchmarks.__main__ import Options

RULES = Path(__file__).parents[1] / "rules"
CASES = 20
POOL = 2_000
SIZES = (5, 20, 100)
"""Known values of a case."""
RULE_TIMES = (1, 3, 10)
PEERS = ("durable_host", "clips", "zen", "rule_engine")
COMPILED, DURABLE = "compiled", "durable-rules"
MIX = "mix"
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Work:
    """A rulebook and cases, with the answers of the compiled engine."""

    rulebook: Rulebook
    cases: list[tuple[Facts, int]]


def measure(options: "Options") -> list[Row]:
    """Microseconds for each case."""
    pool = _pool()
    works = {(times, MIX): Work(_multiply(times), pool[:CASES]) for times in RULE_TIMES}
    works |= {(1, str(size)): Work(works[1, MIX].rulebook, _of_size(pool, size)) for size in SIZES}
    found = {key: _measure(work, f"{key[0]} x rules, {key[1]} facts", options.rounds) for key, work in works.items()}
    rows = list(_rows(found, works))
    if options.plots:
        _plot(options.plots, found, works)
    return rows


def _rows(found: dict[tuple[int, str], Rounds], works: dict[tuple[int, str], Work]) -> list[Row]:
    whole, many = found[1, MIX], found[RULE_TIMES[-1], MIX]
    rules = len(works[1, MIX].rulebook.rules)
    fastest = min(PEERS, key=whole.median)
    rows = [
        replace(whole.row(f"evaluate {rules} rules, compiled", COMPILED, "us"), goal=Goal(AT_MOST, 35, of_value=True)),
        whole.row(
            f"evaluate {rules} rules, compiled / fastest other engine", COMPILED, "us", fastest, Goal(AT_MOST, 1)
        ),
        *(whole.row(f"evaluate {rules} rules, {peer}", peer, "us") for peer in (DURABLE, *PEERS)),
    ]
    for engine, most in ((COMPILED, 4), (DURABLE, 8)):
        name = f"evaluate ten times the rules, {engine}"
        beside = f"{rules} rules"
        rows.append(Row(name, many.median(engine), "us", beside, whole.median(engine), Goal(AT_MOST, most)))
    for size in SIZES:
        rows.append(found[1, str(size)].row(f"evaluate a case of {size} facts, compiled", COMPILED, "us"))
    return rows


def _measure(work: Work, name: str, count: int) -> Rounds:
    progress(f"evaluate {name}")
    compiled, durable = CompiledEngine(work.rulebook), DurableEngine(work.rulebook)
    rounds = Rounds(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.json"
        path.write_bytes(orjson.dumps(_flat(work, compiled, durable)))
        ways: dict[str, Callable[[int], float]] = {
            COMPILED: lambda _: _time(work, lambda facts, _: compiled.answers(facts)),
            DURABLE: lambda _: _time(work, lambda facts, now: durable.matches(facts, now, compiled.answers(facts))),
        }
        ways |= {peer: lambda _, peer=peer: float(run_peer("engines", peer, str(path))) for peer in PEERS}  # type: ignore[misc]
        rounds.run(ways)
    return rounds


def _time(work: Work, evaluate: Callable[[Facts, int], object]) -> float:
    """Microseconds of processor time for each case, of the fastest repeat."""
    best = float("inf")
    for _ in range(REPEATS):
        # An evaluation remembers what it has found about its facts
        for facts, _now in work.cases:
            facts.linked.clear()
            facts.sharing.clear()
        started = process_time()
        for facts, now in work.cases:
            evaluate(facts, now)
        best = min(best, process_time() - started)
    return best / len(work.cases) * 1e6


def _flat(work: Work, compiled: CompiledEngine, durable: DurableEngine) -> dict[str, Any]:
    """The rules and facts as durable-rules gets them, and the expected answers: [case, kind, rule, number of fact]."""
    kinds = {
        name: [[rule, tests] for rule, tests in kind.lowered.flat if rule in durable.rules]
        for name, kind in durable._kinds.items()
    }
    cases = [
        {name: durable._kinds[name].known(facts.of_kind(name), facts, now) for name in kinds}
        for facts, now in work.cases
    ]
    expected = [_answers(facts, compiled.matches(facts, now), durable.rules) for facts, now in work.cases]
    return {"kinds": kinds, "cases": cases, "expected": expected, "repeats": REPEATS}


def _answers(facts: Facts, matches: set[Match], rules: set[str]) -> list[list[Any]]:
    places = {
        (kind, one.id): number
        for kind in ("offer", "interview", "application", "contact", "candidate")
        for number, one in enumerate(facts.of_kind(kind))
    }
    return sorted([each.kind, each.rule, places[each.kind, each.subject]] for each in matches if each.rule in rules)


def _pool() -> list[tuple[Facts, int]]:
    random = Random(1)
    return [(random_facts(random), random_now(random)) for _ in range(POOL)]


def _of_size(pool: Sequence[tuple[Facts, int]], size: int) -> list[tuple[Facts, int]]:
    """The cases with about as many known values."""
    return sorted(pool, key=lambda one: abs(_values_in(one[0]) - size))[:CASES]


def _values_in(facts: Facts) -> int:
    everything = [facts.candidate, *(one for kind in facts.entities.values() for one in kind)]
    return sum(len(one.values) for one in everything)


def _multiply(times: int) -> Rulebook:
    """A rulebook with `times` copies of each rule; the parameters of each copy differ slightly."""
    if times == 1:
        return load(RULES)
    copies = {}
    for number in range(times):
        params = {
            rule: {name: _shift(value, number) for name, value in named.items()}
            for rule, named in load(RULES).params().items()
        }
        for rule in load(RULES, params).rules.values():
            suppresses = tuple(f"{name}-{number}" for name in rule.suppresses)
            copies[f"{rule.id}-{number}"] = replace(rule, id=f"{rule.id}-{number}", suppresses=suppresses)
    return Rulebook(copies, "multiplied")


def _shift(value: Any, number: int) -> Any:
    return f"{value}{number}m" if isinstance(value, str) and parse_duration(value) else value + number


def _plot(folder: Path, found: dict[tuple[int, str], Rounds], works: dict[tuple[int, str], Work]) -> None:
    names = (COMPILED, DURABLE, *PEERS)
    by_rules = {
        name: [(len(works[times, MIX].rulebook.rules), found[times, MIX].median(name)) for times in RULE_TIMES]
        for name in names
    }
    by_size = {name: [(size, found[1, str(size)].median(name)) for size in SIZES] for name in names}
    write_plot(folder / "evaluate-rules.svg", "Evaluation of one case", "rules", "microseconds", by_rules)
    write_plot(folder / "evaluate-facts.svg", "Evaluation of one case", "known values", "microseconds", by_size)
