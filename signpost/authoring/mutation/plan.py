"""Plans a mutation run: which rules to mutate, on which timelines, and which survivors are accepted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from signpost.authoring.mutation.scope import Task, task_of
from signpost.authoring.mutation.survivors import Accepted, find_accepted
from signpost.authoring.timelines.expectations import rule_of
from signpost.authoring.timelines.runner import Result
from signpost.errors import CallerError
from signpost.rulebook.folders import Folders, folders_of
from signpost.rulebook.typed_rule import Rule
from signpost.suggestions import meant


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules with their tasks, sorted by rule id."""

    tasks: tuple[tuple[Rule, Task], ...]
    accepted: tuple[Accepted, ...]


def make_plan(folders: Folders, paths: Sequence[Path], result: Result, only: Collection[str] = ()) -> Plan:
    """Plan a run from the result of the timelines under the paths; omits failed timelines, which prove nothing.

    Without `only`: all rules if the paths include the rulebook folder, otherwise the rules that the timelines name.
    Raises CallerError if `only` names an unknown rule, TimelineError if the accepted survivors are malformed.
    """
    rules = result.rulebooks[repr({})].rules
    timelines = [outcome.timeline for outcome in result.outcomes if not outcome.failures]
    for name in only:
        if name not in rules:
            raise CallerError(f"there is no rule {name!r}; {meant(name, rules)}".removesuffix("; "))
    named = {rule_of(advice) for timeline in timelines for one in timeline.expectations for advice in one.value}
    whole = {folder.resolve() for folder in folders_of(folders)} <= {path.resolve() for path in paths}
    chosen = [rule for rule in rules.values() if (rule.id in only if only else whole or rule.id in named)]
    left_out = rules.keys() - {rule.id for rule in chosen}
    entries = [entry for entry in find_accepted([*folders_of(folders), *paths]) if entry.rule not in left_out]
    return Plan(tuple((rule, task_of(rule, result.rulebooks, timelines)) for rule in chosen), tuple(entries))
