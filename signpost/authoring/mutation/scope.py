"""Scope: what of a rulebook and its timelines a change of one rule can reach, so that nothing else is run. Pure."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any

from signpost.authoring.timelines.expectations import SHAPES, rule_of
from signpost.authoring.timelines.reader import Expectation, Timeline
from signpost.authoring.timelines.runner import params_key
from signpost.rulebook import Rulebook
from signpost.rulebook.terms import ArticleSource, Rule, Texts
from signpost.yaml_files.problems import Position

NO_TEXTS = Texts("", "")
NO_SOURCE = ArticleSource("", "")


@dataclass(frozen=True, slots=True)
class Task:
    """One rule to mutate. `watched`: the rules whose advice its changes can touch; `variants`: those rules, and
    what suppresses them, as each set of overrides makes them, without texts; `timelines`: the ones that can notice,
    what they expect of other rules left out."""

    rule: str
    watched: frozenset[str]
    variants: Mapping[str, tuple[Rule, ...]]
    timelines: tuple[Timeline, ...]

    def digest(self) -> str:
        """The same as long as the outcome is: where things stand and what they are called does not count."""
        variants = {params: [_plain(rule) for rule in rules] for params, rules in sorted(self.variants.items())}
        timelines = [_plain(replace(timeline, name="")) for timeline in self.timelines]
        return blake2b(repr((self.rule, variants, timelines)).encode(), digest_size=20).hexdigest()


def task_of(rule: Rule, rulebooks: Mapping[str, Rulebook], timelines: Iterable[Timeline]) -> Task:
    """What is to run to see whether changes of a rule are noticed. `rulebooks`: by `params_key`, see
    `load_variants`."""
    watched = frozenset({rule.id, *rule.suppresses})
    narrowed = [timeline for timeline in (_narrowed(one, watched) for one in timelines) if timeline.expectations]
    narrowed.sort(key=lambda timeline: -_mentions(rule.id, timeline))
    keys = {repr({}), *map(params_key, narrowed)}
    variants = {key: _neighbours(rulebooks[key], watched) for key in sorted(keys)}
    return Task(rule.id, watched, variants, tuple(narrowed))


def _neighbours(rulebook: Rulebook, watched: Set[str]) -> tuple[Rule, ...]:
    """The rules that decide whether the watched ones are advised: they themselves, and what suppresses them."""
    return tuple(
        replace(rule, texts=NO_TEXTS, source=NO_SOURCE, attaches=None, places={})
        for rule in rulebook.rules.values()
        if rule.id in watched or watched & set(rule.suppresses)
    )


def _narrowed(timeline: Timeline, watched: Set[str]) -> Timeline:
    """The timeline with what it expects of the watched rules. Of others `exactly` says nothing here."""
    kept = [_about(expectation, watched) for expectation in timeline.expectations]
    return replace(timeline, expectations=[one for one in kept if one.value or one.kind == "exactly"])


def _about(expectation: Expectation, watched: Set[str]) -> Expectation:
    value = expectation.value
    if SHAPES[expectation.kind] is dict:
        return replace(expectation, value={name: value[name] for name in value if rule_of(name) in watched})
    return replace(expectation, value=[name for name in value if rule_of(name) in watched])


def _mentions(rule: str, timeline: Timeline) -> int:
    return sum(rule_of(name) == rule for expectation in timeline.expectations for name in expectation.value)


def _plain(value: Any) -> Any:
    """Nested lists of what counts: positions left out."""
    if is_dataclass(value):
        held = [getattr(value, field.name) for field in fields(value)]
        return [type(value).__name__, *(_plain(one) for one in held if not isinstance(one, Position))]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


__all__ = ["Task", "task_of"]
