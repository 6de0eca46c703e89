"""Selects the rules and timelines that a change of one rule can affect, so that only those run. Pure."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any

from signpost.authoring.timelines.expectations import SHAPES, rule_of
from signpost.authoring.timelines.reader import Expectation, Timeline
from signpost.authoring.timelines.runner import params_key
from signpost.rulebook import Rulebook
from signpost.rulebook.typed_rule import ArticleSource, Rule, Texts
from signpost.yaml_files.problems import Position

NO_TEXTS = Texts("", "")
NO_SOURCE = ArticleSource("", "")


@dataclass(frozen=True, slots=True)
class Task:
    """One rule to mutate. `watched`: the rules whose advice a change can affect; `variants`: those rules and their
    suppressors for each set of overrides, without texts; `timelines`: those that can fail, with only the expectations
    about watched rules."""

    rule: str
    watched: frozenset[str]
    variants: Mapping[str, tuple[Rule, ...]]
    timelines: tuple[Timeline, ...]

    def digest(self) -> str:
        """A digest of everything that affects the result; positions and names do not."""
        variants = {
            params: [_without_positions(rule) for rule in rules] for params, rules in sorted(self.variants.items())
        }
        timelines = [_without_positions(replace(timeline, name="")) for timeline in self.timelines]
        return blake2b(repr((self.rule, variants, timelines)).encode(), digest_size=20).hexdigest()


def task_of(rule: Rule, rulebooks: Mapping[str, Rulebook], timelines: Iterable[Timeline]) -> Task:
    """The task that checks whether timelines detect changes of a rule. `rulebooks`: see `load_variants`."""
    watched = frozenset({rule.id, *rule.suppresses})
    narrowed = [timeline for timeline in (_narrow(one, watched) for one in timelines) if timeline.expectations]
    narrowed.sort(key=lambda timeline: -_mentions(rule.id, timeline))
    keys = {repr({}), *map(params_key, narrowed)}
    variants = {key: _neighbours(rulebooks[key], watched) for key in sorted(keys)}
    return Task(rule.id, watched, variants, tuple(narrowed))


def _neighbours(rulebook: Rulebook, watched: Set[str]) -> tuple[Rule, ...]:
    """The watched rules and the rules that take their place, directly or through others."""
    kept, added = set(watched), True
    while added:
        acts = {rule.act.name for rule in rulebook.rules.values() if rule.id in kept and rule.act}
        found = {rule.id for rule in rulebook.rules.values() if kept & set(rule.suppresses) or acts & _replaced(rule)}
        added = not found <= kept
        kept |= found
    return tuple(
        replace(rule, texts=NO_TEXTS, source=NO_SOURCE, attaches=None, places={})
        for rule in rulebook.rules.values()
        if rule.id in kept
    )


def _replaced(rule: Rule) -> set[str]:
    """The acts that the act of a rule replaces."""
    return {name for _, name in rule.act.replaces} if rule.act else set()


def _narrow(timeline: Timeline, watched: Set[str]) -> Timeline:
    """The timeline with only its expectations about the watched rules."""
    kept = [_restrict(expectation, watched) for expectation in timeline.expectations]
    return replace(timeline, expectations=[one for one in kept if one.value or one.kind == "exactly"])


def _restrict(expectation: Expectation, watched: Set[str]) -> Expectation:
    value = expectation.value
    if SHAPES[expectation.kind] is dict:
        return replace(expectation, value={name: value[name] for name in value if rule_of(name) in watched})
    return replace(expectation, value=[name for name in value if rule_of(name) in watched])


def _mentions(rule: str, timeline: Timeline) -> int:
    return sum(rule_of(name) == rule for expectation in timeline.expectations for name in expectation.value)


def _without_positions(value: Any) -> Any:
    """The value as nested lists, without positions."""
    if is_dataclass(value):
        values = [getattr(value, field.name) for field in fields(value)]
        return [type(value).__name__, *(_without_positions(one) for one in values if not isinstance(one, Position))]
    if isinstance(value, Mapping):
        return {key: _without_positions(item) for key, item in value.items()}
    return (
        [_without_positions(item) for item in value]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else value
    )


__all__ = ["Task", "task_of"]
