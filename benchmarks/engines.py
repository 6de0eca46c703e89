"""Microseconds per case: both engines on the shipped rulebook and on ten copies of it, in the same run."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from signpost.engine import AUTO, DURABLE, CompiledEngine, DurableEngine, choose_engine
from signpost.facts.facts import Facts
from signpost.rulebook import Rulebook, load
from signpost.rulebook.values import parse_duration
from tests.support.generators import random_facts, random_now

RULES = Path(__file__).parents[1] / "rules"
ROUNDS = 5


def main(arguments: list[str]) -> int:
    """Print the table, or JSON with --json."""
    parser = argparse.ArgumentParser(prog="benchmarks engines", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10], help="numbers of copies of the rulebook")
    options, _ = parser.parse_known_args(arguments)
    random = Random(1)
    cases = [(random_facts(random), random_now(random)) for _ in range(options.cases)]
    found = {len(rulebook.rules): _measure(rulebook, cases) for rulebook in map(_multiply, options.times)}
    if options.json:
        print(json.dumps({"cases": len(cases), "microseconds_per_case": found}))
        return 0
    if (choice := choose_engine(AUTO)).name != DURABLE:
        print(f"durable-rules is not measured: {choice.reason}", file=sys.stderr)
    table = Table(
        "engine", *(f"us per case, {rules} rules" for rules in found), "growth", title=f"{len(cases)} random cases"
    )
    for name in next(iter(found.values())):
        each = [measured[name] for measured in found.values()]
        table.add_row(name, *(f"{one:.0f}" for one in each), f"{each[-1] / each[0]:.1f}x")
    Console().print(table)
    return 0


def _measure(rulebook: Rulebook, cases: list[tuple[Facts, int]]) -> dict[str, float]:
    compiled = CompiledEngine(rulebook)
    work: dict[str, Callable[[], object]] = {
        "compiled, whether it holds now": lambda: [compiled.matches(facts, now) for facts, now in cases],
        "compiled, over all time": lambda: [compiled.answers(facts) for facts, _ in cases],
    }
    if choose_engine(AUTO).name == DURABLE:
        durable = DurableEngine(rulebook)
        work["durable-rules, whether it holds now"] = lambda: [
            durable.library_matches(facts, now) for facts, now in cases
        ]
    return {name: round(_measure_fastest(one) / len(cases) * 1e6, 1) for name, one in work.items()}


def _multiply(times: int) -> Rulebook:
    """A rulebook with `times` copies of each rule; the parameters of each copy differ slightly."""
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


def _measure_fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest round: the least disturbed by other processes."""
    return min(_time(work) for _ in range(ROUNDS))


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
