"""The rules of a tenant in words, as jobs for a child process. Pure, except that they read timelines."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from signpost.advice.case_set import CaseSet
from signpost.advice.replay import Replay
from signpost.authoring.mutation.run import run_mutants
from signpost.authoring.mutation.scope import task_of
from signpost.authoring.mutation.survivors import find_accepted
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.coverage import about
from signpost.authoring.timelines.reader import TENANT, Timeline, TimelineError
from signpost.authoring.timelines.runner import load_variants
from signpost.engine import CompiledEngine
from signpost.explain import UnknownRule
from signpost.rulebook import Rulebook
from signpost.rulebook.ends import ends_of, is_life
from signpost.rulebook.folders import Folders, folders_of
from signpost.rulebook.printing import level_phrase, moment_phrase, phrase
from signpost.rulebook.terms import AnyOf, Condition, Relation
from signpost.rulebook.typed_rule import Rule
from signpost.services.intake.page.rule_texts import find_text
from signpost.suggestions import meant


@dataclass(frozen=True, slots=True)
class ReadRulebook:
    """All rules of a tenant. `folders`: where the timelines are."""

    tenant: str
    folders: Folders

    def run(self, engine: CompiledEngine) -> Any:
        """The version, and each rule with the number of its timelines."""
        timelines = timelines_in(self.folders)
        rules = engine.rulebook.rules.values()
        return {
            "rulebook": engine.rulebook.version,
            "rules": [{**_summary(rule), "timelines": len(about(rule.id, timelines))} for rule in rules],
        }


@dataclass(frozen=True, slots=True)
class ReadRule:
    """One rule in words."""

    tenant: str
    folders: Folders
    rule: str

    def run(self, engine: CompiledEngine) -> Any:
        """The rule with all that concerns it. Raises UnknownRule."""
        rule = rule_named(engine.rulebook, self.rule)
        found = about(rule.id, timelines_in(self.folders))
        text = find_text(self.folders, rule.id)
        return {
            **_summary(rule),
            **_ways(rule),
            **_relations(rule, engine.rulebook),
            "rulebook": engine.rulebook.version,
            "text": text[1] if text else "",
            "file": text[0].name if text else "",
            "timelines": [
                {
                    "name": one.name,
                    "file": Path(one.position.file).name,
                    "line": one.position.line,
                    "expects": len(named),
                }
                for one, named in found
            ],
            "sample": _sample(rule, engine, [one for one, _ in found if not one.params]),
        }


@dataclass(frozen=True, slots=True)
class RunMutants:
    """Try the mutants of a rule on its timelines, as `signpost rules coverage` does."""

    tenant: str
    folders: Folders
    rule: str

    def run(self, engine: CompiledEngine) -> Any:
        """The score, and each mutant that survives. Raises UnknownRule."""
        rule = rule_named(engine.rulebook, self.rule)
        return mutants_of(rule, self.folders, timelines_in(self.folders))


def mutants_of(rule: Rule, folders: Folders, timelines: list[Timeline]) -> dict[str, Any]:
    """What the timelines of a rule make of its mutants."""
    mine = [one for one, _ in about(rule.id, timelines)]
    task = task_of(rule, load_variants(folders, mine), mine)
    accepted = [one for one in find_accepted(folders_of(folders)) if one.rule == rule.id]
    [verdict] = run_mutants([(rule, task)], accepted).verdicts
    return {
        "mutants": verdict.mutants,
        "killed": len(verdict.killed),
        "accepted": [one.description for one in verdict.accepted],
        "survivors": [one.description for one in verdict.survivors],
        "score": verdict.score,
    }


def timelines_in(folders: Folders) -> list[Timeline]:
    """The timelines of all folders; those of folders that stay as they are, are read once."""
    files = [file for folder in folders_of(folders) for file in sorted(folder.rglob("*.yaml"))]
    return _timelines(folders_of(folders), tuple(file.stat().st_mtime_ns for file in files))


@lru_cache(maxsize=2)
def _timelines(folders: tuple[Path, ...], _stamps: tuple[int, ...]) -> list[Timeline]:
    try:
        return find_timelines(folders)
    except TimelineError:
        return []  # there is none, or `signpost rules check` says what is the matter with them


def rule_named(rulebook: Rulebook, name: str) -> Rule:
    """The rule of an id. Raises UnknownRule."""
    if name not in rulebook.rules:
        raise UnknownRule(f"there is no rule {name!r}; {meant(name, rulebook.rules)}".rstrip("; "))
    return rulebook.rules[name]


def _summary(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "topic": rule.topic,
        "audience": rule.audience,
        "about": rule.about,
        "priorities": [level.priority for level in rule.levels],
        "article": {"id": rule.source.article, "title": rule.source.title},
        "norms": [{name: str(value) for name, value in norm.items()} for norm in rule.source.norms],
        "title": rule.texts.title,
    }


def _ways(rule: Rule) -> dict[str, Any]:
    """When it holds, how urgent it is, and how it ends."""
    return {
        "conditions": list(in_words(rule.when)),
        "levels": [level_phrase(level) for level in rule.levels],
        "due": moment_phrase(rule.due) if rule.due else "",
        "ends": ends_of(rule) or [f"never by time alone: {rule.lasting}"],
        "implies": [one.type for one in rule.implies],
        "params": {name: str(value) for name, value in rule.params.items()},
        "reworded": list(rule.reworded),
    }


def _relations(rule: Rule, rulebook: Rulebook) -> dict[str, Any]:
    """What it excludes, takes the place of, and gives way to."""
    act, others = rule.act, [one for one in rulebook.rules.values() if one.id != rule.id]
    replaces = [(reach.value, name) for reach, name in act.replaces] if act else []
    mine = act.name if act else None
    return {
        "act": str(act) if act else "",
        "card": card.name if (card := rulebook.card_of(rule)) else "",
        "opposes": list(rule.opposes),
        "suppresses": list(rule.suppresses),
        "suppressed_by": [one.id for one in others if rule.id in one.suppresses],
        "supersedes": [
            {"reach": reach, "act": name, "rules": [one.id for one in others if _has_act(one, name, rule.audience)]}
            for reach, name in replaces
        ],
        "superseded_by": [
            one.id for one in others if one.audience == rule.audience and one.act and mine in _replaced(one)
        ],
    }


def _replaced(rule: Rule) -> set[str]:
    return {name for _, name in rule.act.replaces} if rule.act else set()


def _has_act(rule: Rule, name: str, audience: str) -> bool:
    return rule.act is not None and rule.act.name == name and rule.audience == audience


def in_words(condition: Condition) -> Iterator[dict[str, Any]]:
    """Each term as authors write it, with those inside it."""
    for term in condition:
        if is_life(term):
            continue
        parts: list[Any] = []
        if isinstance(term, Relation):
            parts = list(in_words(term.where))
        elif isinstance(term, AnyOf):
            parts = [_alternative(one) for one in term.alternatives]
        yield {"words": phrase(term), "parts": parts}


def _alternative(condition: Condition) -> dict[str, Any]:
    words = list(in_words(condition))
    return words[0] if len(words) == 1 else {"words": "all of", "parts": words}


def _sample(rule: Rule, engine: CompiledEngine, timelines: list[Timeline]) -> dict[str, Any] | None:
    """The longest recommendation of the rule in its timelines."""
    raised = [data for one in timelines for data in _raised(one, engine) if data["rule"] == rule.id]
    return max(raised, key=lambda data: len(data["message"]) + sum(map(len, data["steps"])), default=None)


def _raised(timeline: Timeline, engine: CompiledEngine) -> Iterator[dict[str, Any]]:
    replay = Replay(CaseSet(engine, TENANT, {}), [(arrival.at, arrival.event) for arrival in timeline.arrivals])
    end = max(expectation.at for expectation in timeline.expectations)
    return (one.change.data for one in replay.until(end) if one.change.status == "active")
