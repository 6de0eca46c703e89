"""Finds rules without a timeline, timelines that name unknown rules or subjects, and the timelines of a rule."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from signpost.authoring.timelines.expectations import rule_of
from signpost.authoring.timelines.reader import Expectation, Timeline
from signpost.names import SUBJECTS
from signpost.rulebook import Problem, Rulebook
from signpost.suggestions import meant, nearest

MAX_SUBJECTS = 10
"""Subjects that a problem lists."""


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


def find_unknown_rules(
    rules: Collection[str], timelines: Iterable[Timeline], unread: Mapping[str, Path]
) -> Sequence[Problem]:
    """A problem for each unknown rule that a timeline names: such an expectation proves nothing. `unread`: the folder
    of each rule that stands where none is read."""
    return [
        Problem(expectation.position, "R071", *_why_unknown(name, rules, unread))
        for timeline in timelines
        for name, expectation in unknown_rules(timeline, rules).items()
    ]


def _why_unknown(name: str, rules: Collection[str], unread: Mapping[str, Path]) -> tuple[str, str]:
    if name in unread:
        return f"the rule {name} stands in {unread[name].name}/, where none is read", "move its file out of there"
    return f"there is no rule {name!r}", meant(name, rules)


def unknown_rules(timeline: Timeline, rules: Collection[str]) -> dict[str, Expectation]:
    """Each unknown rule that a timeline names -> the first expectation that names it."""
    named = [(rule_of(advice), expected) for expected in timeline.expectations for advice in expected.value]
    return {name: expected for name, expected in reversed(named) if name not in rules}


def find_unknown_subjects(timelines: Iterable[Timeline]) -> Sequence[Problem]:
    """A problem for each subject that no event of its timeline names: there is never advice about it."""
    return [
        Problem(expectation.position, "R072", *no_subject(subject, timeline))
        for timeline in timelines
        for subject, expectation in unknown_subjects(timeline).items()
    ]


def unknown_subjects(timeline: Timeline) -> dict[str, Expectation]:
    """Each subject (KIND/ID) that no event of the timeline names -> the first expectation that names it."""
    known = _subjects(timeline)
    named = [(advice.partition("@")[2], expected) for expected in timeline.expectations for advice in expected.value]
    return {subject: expected for subject, expected in reversed(named) if subject not in known}


def no_subject(subject: str, timeline: Timeline) -> tuple[str, str]:
    """What is wrong with an unknown subject, and what its timeline has instead: first of the same kind."""
    kind, known = subject.partition("/")[0], sorted(_subjects(timeline))
    names = [one for one in known if one.startswith(f"{kind}/")] or known
    more = ", ..." if len(names) > MAX_SUBJECTS else ""
    return f"this timeline has no {subject}", f"it has: {', '.join(names[:MAX_SUBJECTS])}{more}"


def _subjects(timeline: Timeline) -> set[str]:
    """What the events of a timeline are about or name, also where the case joins it with another."""
    events = [arrival.event for arrival in timeline.arrivals]
    candidates = {timeline.candidate, *(event.subject for event in events)}
    candidates |= {event.data["into"] for event in events if event.type == "candidate.merged"}
    named = {f"{kind}/{id}" for event in events for kind in SUBJECTS for id in _named(kind, event.data)}
    return named | {f"candidate/{one}" for one in candidates}


def _named(kind: str, value: object) -> Iterator[str]:
    """The ids that stand under the name of their kind, at any depth of the data of an event."""
    for key, member in value.items() if isinstance(value, dict) else ():
        yield from [member] if key == kind and isinstance(member, str) else _named(kind, member)
    for item in value if isinstance(value, list | tuple) else ():
        yield from _named(kind, item)


def about(rule: str, timelines: Iterable[Timeline]) -> list[tuple[Timeline, list[Expectation]]]:
    """The timelines that name a rule, each with the expectations that name it."""
    matches = [(timeline, [item for item in timeline.expectations if _names(item, rule)]) for timeline in timelines]
    return [(timeline, expectations) for timeline, expectations in matches if expectations]


def _names(expectation: Expectation, rule: str) -> bool:
    return any(rule_of(advice) == rule for advice in expectation.value)
