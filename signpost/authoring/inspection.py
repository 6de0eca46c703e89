"""Runs every check of a rulebook: loading, conditions, texts, sources, tenants' overrides and timelines."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from signpost.authoring.timelines import TimelineError, find_timelines
from signpost.authoring.timelines.coverage import find_unknown_rules, find_unknown_subjects, find_untested_rules
from signpost.rulebook import Problem, Rulebook, find_problems
from signpost.rulebook.analysis.audit import audit
from signpost.rulebook.folders import Folders, folders_of
from signpost.rulebook.own_fields import declared_kinds
from signpost.rulebook.reviews import MAX_AGE, check_sources
from signpost.rulebook.strays import report_nested, rules_below
from signpost.tenants.overrides import folders_of_tenants
from signpost.tenants.rulebooks import Rulebooks, find_rulebook_problems
from signpost.yaml_files.problems import Problems


def inspect(
    folders: Folders, today: date, *, max_age: int = MAX_AGE, tenants: Path | None = None
) -> tuple[Rulebook, list[Problem]]:
    """The readable part of the rulebook in one or more folders, and all problems and warnings, sorted by position.
    `today` and `max_age` (days) decide which reviews of norms are stale. `tenants`: a tenants file to check too."""
    rulebooks, found = find_rulebook_problems(folders, tenants)
    rulebook, problems = find_problems(folders)
    nested = report_nested(folders, problems, folders_of_tenants(tenants) if tenants else ())
    check_sources(folders, rulebook, today, max_age, problems)
    audit(rulebook, problems)
    found += [*problems.found, *_of_tenants(rulebooks, problems), *_of_timelines(folders, rulebook, nested, problems)]
    return rulebook, sorted(set(found))


def _of_tenants(rulebooks: Rulebooks, problems: Problems) -> Iterator[Problem]:
    """The problems that only a tenant's overrides cause."""
    for tenant, rulebook in sorted(rulebooks.own.items()):
        own = Problems()
        audit(rulebook, own)
        known = {(problem.code, problem.position) for problem in problems.found}
        for problem in own.found:
            if (problem.code, problem.position) not in known:
                message = f"with the overrides of tenant {tenant}: {problem.message}"
                yield Problem(problem.position, problem.code, message, problem.suggestion)


def _of_timelines(
    folders: Folders, rulebook: Rulebook, nested: Mapping[Path, set[str]], problems: Problems
) -> Iterator[Problem]:
    if any(map(rules_below, folders_of(folders))):
        return  # it is the wrong folder, and the timelines below it are those of other rules
    try:
        timelines = find_timelines(folders_of(folders), declared_kinds(folders))
    except TimelineError as error:
        if any(problem.position.file != ", ".join(map(str, folders_of(folders))) for problem in error.problems):
            yield from error.problems
            return
        timelines = []  # a missing timeline is reported for each rule
    yield from find_unknown_subjects(timelines)
    if not any(problem.code == "R007" for problem in problems.found):  # it may be a file of timelines
        yield from find_untested_rules(rulebook, timelines)
    for timeline in timelines if not problems.has_unread_file else ():
        file = Path(timeline.position.file)
        # A folder within the folder can be that of a tenant, whose own timelines name its rules
        own = [name for inner, rules in nested.items() if file.is_relative_to(inner) for name in rules]
        unread = {name: inner for inner, rules in nested.items() for name in rules}
        yield from find_unknown_rules({*rulebook.rules, *problems.rules, *own}, [timeline], unread)
