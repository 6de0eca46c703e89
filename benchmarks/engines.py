"""Microseconds per case: both engines on the real rulebook, over the same random cases in the same run."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from signpost.engine import CompiledEngine, DurableEngine
from signpost.rulebook import load
from tests.generators import random_facts, random_now

RULES = Path(__file__).parents[1] / "rules"
ROUNDS = 5


def main(arguments: list[str]) -> int:
    """Print the table, or JSON with --json."""
    parser = argparse.ArgumentParser(prog="benchmarks engines", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", type=int, default=400)
    options, _ = parser.parse_known_args(arguments)
    rulebook = load(RULES)
    compiled, durable, random = CompiledEngine(rulebook), DurableEngine(rulebook), Random(1)
    cases = [(random_facts(random), random_now(random)) for _ in range(options.cases)]
    found: dict[str, float] = {
        "compiled, whether it holds now": _fastest(lambda: [compiled.matches(facts, now) for facts, now in cases]),
        "compiled, over all time": _fastest(lambda: [compiled.answers(facts) for facts, _ in cases]),
        "durable-rules, whether it holds now": _fastest(lambda: [durable.matches(facts, now) for facts, now in cases]),
    }
    each = {name: round(seconds / len(cases) * 1e6, 1) for name, seconds in found.items()}
    if options.json:
        print(json.dumps({"rules": len(rulebook.rules), "cases": len(cases), "microseconds_per_case": each}))
        return 0
    table = Table("engine", "us per case", "ratio", title=f"{len(rulebook.rules)} rules, {len(cases)} random cases")
    least = min(each.values())
    for name, microseconds in each.items():
        table.add_row(name, f"{microseconds:.0f}", f"{microseconds / least:.1f}")
    Console().print(table)
    return 0


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several rounds: what the machine can do when nothing else runs."""
    return min(_timed(work) for _ in range(ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
