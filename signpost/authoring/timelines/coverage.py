"""Finds rules without a timeline, timelines that name unknown rules, and the timelines of a rule."""

from collections.abc import Collection, Iterable, Sequence

from signpost.authoring.timelines.expectations import rule_of
from signpost.authoring.timelines.reader import Expectation, Timeline
from signpost.rulebook import Problem, Rulebook
from signpost.suggestions import meant, nearest


def find_untested_rules(rulebook: Rulebook, timelines: Iterable[Timeline]) -> Sequence[Problem]:
    """A problem for each rule that no timeline expects to be advised, not even by a misspelt name."""
    tested = {
        rule_of(name)
        for timeline in timelines
        for expectation in timeline.expectations
        if expectation.kind != "excludes"
        for name in expectation.value
    }
    tested |= {nearest(name, rulebook.rules) for name in tested - {*rulebook.rules}}
    return [
        Problem(rule.position, "R070", f"no timeline expects {rule.id} to be advised", "add one under timelines/")
        for rule in rulebook.rules.values()
        if rule.id not in tested
    ]


def find_unknown_rules(rules: Collection[str], timelines: Iterable[Timeline]) -> Sequence[Problem]:
    """A problem for each unknown rule that a timeline names: such an expectation proves nothing."""
    return [
        Problem(expectation.position, "R071", f"there is no rule {name!r}", meant(name, rules))
        for timeline in timelines
        for name, expectation in unknown_rules(timeline, rules).items()
    ]


def unknown_rules(timeline: Timeline, rules: Collection[str]) -> dict[str, Expectation]:
    """Each unknown rule that a timeline names -> the first expectation that names it."""
    named = [(rule_of(advice), expected) for expected in timeline.expectations for advice in expected.value]
    return {name: expected for name, expected in reversed(named) if name not in rules}


def about(rule: str, timelines: Iterable[Timeline]) -> list[tuple[Timeline, list[Expectation]]]:
    """The timelines that name a rule, each with the expectations that name it."""
    matches = [(timeline, [item for item in timeline.expectations if _names(item, rule)]) for timeline in timelines]
    return [(timeline, expectations) for timeline, expectations in matches if expectations]


def _names(expectation: Expectation, rule: str) -> bool:
    return any(rule_of(advice) == rule for advice in expectation.value)
