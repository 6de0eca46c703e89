"""Which rules no timeline expects anything of."""

from collections.abc import Iterable, Sequence

from signpost.rulebook import Problem, Rulebook
from signpost.timelines.reader import Timeline


def untested(rulebook: Rulebook, timelines: Iterable[Timeline]) -> Sequence[Problem]:
    """A problem for each rule that no timeline expects to be advised."""
    tested = {
        str(name).partition("@")[0]
        for timeline in timelines
        for expectation in timeline.expectations
        if expectation.kind != "excludes"
        for name in expectation.value
    }
    return [
        Problem(rule.position, "R070", f"no timeline expects {rule.id} to be advised", "add one under timelines/")
        for rule in rulebook.rules.values()
        if rule.id not in tested
    ]
