"""Runs each mutant of a rule on its timelines until one fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from signpost.authoring.mutation.mutants import Mutant, mutants
from signpost.authoring.mutation.scope import Task
from signpost.authoring.timelines.reader import Timeline
from signpost.authoring.timelines.runner import Run, params_key
from signpost.engine import CompiledEngine
from signpost.rulebook import Rulebook
from signpost.rulebook.typed_rule import Rule

VERSION = "mutation"


def killers(task: Task) -> list[int | None]:
    """For each mutant of the task's rule, in order, the index of the first timeline that fails; None if it survives."""
    return _Trial(task).killers()


@dataclass(slots=True)
class _Trial:
    task: Task
    order: list[int] = field(default_factory=list)

    def killers(self) -> list[int | None]:
        """A mutant has the same index under all parameters. Parameters that make an offset zero give fewer mutants;
        timelines with such parameters are skipped."""
        by_params = {key: mutants(_rule(rules, self.task.rule)) for key, rules in self.task.variants.items()}
        plain = by_params[repr({})]
        fitting = {key: each for key, each in by_params.items() if len(each) == len(plain)}
        self.order = [index for index, one in enumerate(self.task.timelines) if params_key(one) in fitting]
        return [self._killer({key: each[index] for key, each in fitting.items()}) for index in range(len(plain))]

    def _killer(self, mutant: Mapping[str, Mutant]) -> int | None:
        """Try the timeline that killed the previous mutant first: it is likely to kill this one too."""
        engines: dict[str, CompiledEngine] = {}
        for place, index in enumerate(self.order):
            timeline = self.task.timelines[index]
            key = params_key(timeline)
            if key not in engines:
                engines[key] = self._engine(key, mutant[key].rule)
            if self._fails(timeline, engines[key]):
                self.order.insert(0, self.order.pop(place))
                return index
        return None

    def _fails(self, timeline: Timeline, engine: CompiledEngine) -> bool:
        return next(Run(timeline, engine, self.task.watched).failures(), None) is not None

    def _engine(self, key: str, changed: Rule) -> CompiledEngine:
        rules = {rule.id: changed if rule.id == changed.id else rule for rule in self.task.variants[key]}
        return CompiledEngine(Rulebook(rules, VERSION))


def _rule(rules: tuple[Rule, ...], id: str) -> Rule:
    return next(rule for rule in rules if rule.id == id)
