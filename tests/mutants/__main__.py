"""`make mutants`: tries the mutants of each group of modules against its nearest tests and prints the score."""

import argparse
import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.mutants.by_hand import AnyMutant, load_by_hand
from tests.mutants.groups import GROUPS, Group
from tests.mutants.mutants import Mutant, mutants_of
from tests.mutants.survivors import load_survivors
from tests.mutants.trial import INVALID, Trial, Verdict

MIN_SCORE = 90


@dataclass(slots=True)
class Score:
    """The result of one module."""

    module: str
    killed: int
    explained: int
    survivors: list[Verdict]

    @property
    def total(self) -> int:
        """The mutants that count: those that do something else."""
        return self.killed + len(self.survivors)

    def as_json(self) -> dict[str, Any]:
        """The result as it is printed with `--json`."""
        survivors = [
            {
                "line": one.mutant.line,
                "within": one.mutant.within,
                "from": one.mutant.before,
                "to": one.mutant.after,
                "number": one.mutant.number,
                "outcome": one.outcome,
            }
            for one in self.survivors
        ]
        counts = {"mutants": self.total, "killed": self.killed, "explained": self.explained}
        return {"module": self.module, **counts, "survivors": survivors}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return 1 below the score, 2 if the tests fail on the code as it is."""
    options = _options(arguments)
    scores: list[Score] = []
    broken: list[str] = []
    for name, group in GROUPS.items():
        paths = [path for path in group.paths() if _is_chosen(name, path, options.modules)]
        if paths:
            trial = _try_group(name, group, paths, options)
            scores += _scores(paths, trial.verdicts)
            broken += trial.broken
    if not scores:
        print(f"no module matches {options.modules}; groups: {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    print(json.dumps([score.as_json() for score in scores], indent=1) if options.json else _table(scores))
    if broken:
        return 2
    return 0 if _percent(scores) >= options.min_score else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants ARGS=...", description=__doc__)
    parser.add_argument("modules", nargs="*", help="groups or PATH or PATH::FUNCTION; without any, all")
    parser.add_argument("--sample", type=int, default=0, help="try only this many mutants of each group")
    parser.add_argument("--seed", default="0", help="seed of the sample")
    parser.add_argument("--by-hand", action="store_true", help="also with a sample: try those of by_hand.yaml")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--tests", nargs="+", help="test files instead of those of the table")
    parser.add_argument("--min-score", type=float, default=MIN_SCORE, help="percent that must be killed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args(arguments)


def _is_chosen(name: str, path: str, modules: Sequence[str]) -> bool:
    return not modules or any(name == module or path == module.partition("::")[0] for module in modules)


def _is_within(mutant: Mutant, modules: Sequence[str]) -> bool:
    functions = [module.partition("::")[2] for module in modules if module.startswith(f"{mutant.module}::")]
    return not functions or mutant.within in functions


def _try_group(name: str, group: Group, paths: Sequence[str], options: argparse.Namespace) -> Trial:
    """The trial of the mutants that are not explained."""
    begin = time.monotonic()
    mutants = _chosen_mutants(paths, options)

    def progress(text: str) -> None:
        print(f"{name}: {text} ({time.monotonic() - begin:.0f} s)", file=sys.stderr, flush=True)

    progress(f"{len(mutants)} mutants of {len(paths)} modules")
    trial = Trial(mutants, options.jobs, group.servers, progress)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = pytest.main(["-p", "no:cacheprovider", *(options.tests or group.test_paths())], plugins=[trial])
    if trial.broken:
        progress(f"left out, because they fail on the code as it is: {', '.join(trial.broken)}")
    elif code != pytest.ExitCode.OK:
        print(output.getvalue(), file=sys.stderr)
        trial.broken.append(f"pytest {code}")
    return trial


def _chosen_mutants(paths: Sequence[str], options: argparse.Namespace) -> list[AnyMutant]:
    """Those that are made by rule, or a sample of them; those made by hand unless it is a sample."""
    explained = {survivor.key for survivor in load_survivors()}
    made = [mutant for path in paths for mutant in mutants_of(path) if mutant.key not in explained]
    made = [mutant for mutant in made if _is_within(mutant, options.modules)]
    if options.sample or options.by_hand:
        made = _sample(made, options.sample, options.seed)
    is_part = options.sample or any("::" in module for module in options.modules)
    by_hand = [] if is_part and not options.by_hand else [one for path in paths for one in load_by_hand(path)]
    return [*made, *(one for one in by_hand if one.key not in explained)]


def _sample(mutants: list[Mutant], count: int, seed: str) -> list[Mutant]:
    return sorted(Random(seed).sample(mutants, min(count, len(mutants))), key=lambda one: (one.module, one.line))


def _scores(paths: Sequence[str], verdicts: Sequence[Verdict]) -> list[Score]:
    explained = [survivor.key[0] for survivor in load_survivors()]
    scores = []
    for path in paths:
        mine = [verdict for verdict in verdicts if verdict.mutant.module == path and verdict.outcome != INVALID]
        alive = sorted((one for one in mine if not one.is_killed), key=lambda one: one.mutant.line)
        scores.append(Score(path, len(mine) - len(alive), explained.count(path), alive))
    return scores


def _percent(scores: Sequence[Score]) -> float:
    total = sum(score.total for score in scores)
    return 100 * sum(score.killed for score in scores) / total if total else 100.0


def _table(scores: Sequence[Score]) -> str:
    lines = []
    for score in scores:
        lines += [str(verdict) for verdict in score.survivors]
    lines.append(f"{'module':48} {'mutants':>8} {'killed':>7} {'explained':>9} {'score':>6}")
    for score in scores:
        lines.append(
            f"{score.module:48} {score.total:8} {score.killed:7} {score.explained:9} {_percent([score]):5.0f}%"
        )
    total, killed = sum(score.total for score in scores), sum(score.killed for score in scores)
    lines.append(
        f"{'all':48} {total:8} {killed:7} {sum(score.explained for score in scores):9} {_percent(scores):5.1f}%"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
