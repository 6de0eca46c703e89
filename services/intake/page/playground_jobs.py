"""Tries the text of a rule on events and timelines, as a job for a child process. Keeps nothing: what it writes is in a
folder that its caller removes, also when the child ends beyond its limits."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from signpost.advice import advise
from signpost.advice.agenda import Reader, agenda_document, agendas
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.coverage import about
from signpost.authoring.timelines.reader import TIMELINES_FOLDER, Timeline, TimelineError
from signpost.authoring.timelines.runner import Run, load_variants, params_key
from signpost.case import Case
from signpost.case.event import Event
from signpost.case.instant import format_instant
from signpost.engine import CompiledEngine
from signpost.explain import TooManySubjects, explain_all
from signpost.names import PRIORITIES
from signpost.rulebook import Problem, Rulebook, find_problems
from signpost.rulebook.analysis.audit import audit
from signpost.rulebook.folders import Folders, folders_of, is_topic
from signpost.services.intake.analysis import StoredCase
from signpost.services.intake.page.rule_texts import rules_in, without_rules
from signpost.services.intake.page.rulebook_jobs import mutants_of, timelines_in

FILE: Final = "playground.yaml"
MAX_VARIANTS: Final = 3
"""Sets of parameters for which the rules are loaded again; timelines with others are not run."""
MAX_TRIED: Final = 5
"""Rules in one text."""


@dataclass(frozen=True, slots=True)
class TryRule:
    """Try `text` in place of the rules that it defines. `events`: folded into the case of `case`, if there is one;
    `timelines`: text, or ""; `folder`: an empty folder to write to."""

    tenant: str
    folders: Folders
    text: str
    timelines: str
    case: StoredCase | None
    candidate: str
    events: Sequence[Event]
    at: int
    mutate: bool
    folder: Path

    def run(self, engine: CompiledEngine) -> Any:
        """The problems of the text; without any, what would be advised, why, and what the timelines say."""
        trial = _Trial(self)
        return trial.document()


class _Trial:
    def __init__(self, job: TryRule) -> None:
        self.job = job
        self.rules = rules_in(job.text)[:MAX_TRIED]
        self.folders = _copy(job.folders, job.folder, self.rules)
        (self.folders[-1] / FILE).write_text(job.text, encoding="utf-8")

    def document(self) -> dict[str, Any]:
        rulebook, problems = find_problems(self.folders)
        if not problems.found:
            audit(self._concerned(rulebook), problems)
        found = [_problem(one) for one in problems.found if Path(one.position.file).name == FILE]
        if problems.found and not found:
            found = [_problem(one) for one in problems.found[:3]]
        document = {"rules": self.rules, "problems": found, "at": format_instant(self.job.at), "tried": False}
        if found or not self.rules:
            return document
        engine = CompiledEngine(rulebook)
        return document | {"tried": True, **self._on_case(engine), **self._on_timelines(engine)}

    def _concerned(self, rulebook: Rulebook) -> Rulebook:
        """The tried rules with those that they name or that name them: to audit all takes long."""
        rules = rulebook.rules.values()
        named = {name for rule in rules if rule.id in self.rules for name in (*rule.suppresses, *rule.opposes)}
        naming = {rule.id for rule in rules if not {*rule.suppresses, *rule.opposes}.isdisjoint(self.rules)}
        wanted = {*self.rules, *named, *naming}
        return replace(rulebook, rules={name: rule for name, rule in rulebook.rules.items() if name in wanted})

    def _on_case(self, engine: CompiledEngine) -> dict[str, Any]:
        job = self.job
        case = (Case.from_json(job.case.state) if job.case else Case()).fold(*job.events)
        if case.is_empty:
            return {"advice": [], "agenda": {"cards": [], "held": []}, "explanations": []}
        result = advise(engine, case, b"", tenant=job.tenant, key=job.candidate, now=job.at)
        agenda = agendas(result.basis, engine.rulebook.policy, tenant=job.tenant, key=job.candidate, now=job.at).get(
            Reader("candidate")
        )
        raised = [change.data for change in result.changes if change.status == "active"]
        return {
            "advice": sorted(raised, key=lambda data: (data["rule"] not in self.rules, -_rank(data), data["rule"])),
            "agenda": agenda_document(agenda, result.basis, job.at) if agenda else {"cards": [], "held": []},
            "explanations": [one for rule in self.rules for one in self._explain(engine, case, rule)],
        }

    def _explain(self, engine: CompiledEngine, case: Case, rule: str) -> list[Any]:
        try:
            return list(explain_all(engine, case, self.job.candidate, rule, self.job.at))
        except TooManySubjects:
            return []

    def _on_timelines(self, engine: CompiledEngine) -> dict[str, Any]:
        """The results of the own timelines, and of those that name the rules already."""
        try:
            own = self._own_timelines()
        except TimelineError as error:
            return {"timelines": [], "timeline_problems": [_problem(one) for one in error.problems], "mutants": []}
        named = {id(one): one for rule in self.rules for one, _ in about(rule, timelines_in(self.job.folders))}
        chosen = [*own, *named.values()]
        keys = list(dict.fromkeys([repr({}), *map(params_key, chosen)]))[: MAX_VARIANTS + 1]
        chosen = [one for one in chosen if params_key(one) in keys]
        engines = {key: CompiledEngine(book) for key, book in load_variants(self.folders, chosen).items()}
        results = [
            {
                "name": one.name,
                "is_own": one in own,
                "failures": [_failure(each) for each in Run(one, engines[params_key(one)]).failures()],
            }
            for one in chosen
        ]
        passed = [one for one, result in zip(chosen, results, strict=True) if not result["failures"]]
        return {"timelines": results, "timeline_problems": [], "mutants": list(self._mutants(engine, passed))}

    def _own_timelines(self) -> list[Timeline]:
        if not self.job.timelines.strip():
            return []
        file = self.folders[-1] / TIMELINES_FOLDER / FILE
        file.parent.mkdir(exist_ok=True)
        file.write_text(self.job.timelines, encoding="utf-8")
        return find_timelines([file])

    def _mutants(self, engine: CompiledEngine, timelines: list[Timeline]) -> Iterator[dict[str, Any]]:
        for rule in self.rules if self.job.mutate else ():
            yield {"rule": rule, **mutants_of(engine.rulebook.rules[rule], self.folders, timelines)}


def _copy(folders: Folders, into: Path, rules: Sequence[str]) -> list[Path]:
    """The folders of rules without these rules, and without timelines."""
    copies = []
    for number, folder in enumerate(folders_of(folders)):
        copy = into / str(number)
        copy.mkdir()
        copies.append(copy)
        for file in sorted(folder.glob("*.yaml")):
            text = file.read_text(encoding="utf-8")
            rest = without_rules(text, rules) if is_topic(file) else text
            if rest == text:
                shutil.copyfile(file, copy / file.name)
            elif yaml.compose(rest, Loader=yaml.SafeLoader) is not None:
                (copy / file.name).write_text(rest, encoding="utf-8")
    return copies


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.position.line,
        "column": problem.position.column,
        "file": Path(problem.position.file).name,
        "code": problem.code,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }


def _failure(failure: Any) -> str:
    return str(failure.message)


def _rank(data: dict[str, Any]) -> int:
    return PRIORITIES.index(data["priority"])
