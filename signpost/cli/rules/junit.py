"""Writes the results of timelines and mutants as JUnit XML for build servers. Runs nothing."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from signpost.rulebook.folders import Folders, folders_of

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, result: Any, report: Any, folder: Folders) -> None:
    """Write one test case per timeline; with a mutation report also one per rule and per stale survivor."""
    root = ElementTree.Element("testsuites")
    cases = [_timeline(outcome) for outcome in result.outcomes]
    _suite(root, "timelines", cases)
    if report is not None:
        cases = [_rule(verdict, folder) for verdict in report.verdicts]
        _suite(root, "mutants", [*cases, *map(_stale, report.stale)])
    ElementTree.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: ElementTree.Element, name: str, cases: Sequence[ElementTree.Element]) -> None:
    failed = sum(case.find("failure") is not None for case in cases)
    suite = ElementTree.SubElement(
        root, "testsuite", name=name, tests=str(len(cases)), failures=str(failed), errors="0", skipped="0"
    )
    suite.extend(cases)


def _timeline(outcome: Any) -> ElementTree.Element:
    position = outcome.timeline.position
    case = _case(Path(position.file).stem, outcome.timeline.name, position.file, position.line)
    _fail(case, [str(failure) for failure in outcome.failures])
    return case


def _rule(verdict: Any, folder: Folders) -> ElementTree.Element:
    first = folders_of(folder)[0]
    position = verdict.position.below(first)
    case = _case("mutants", verdict.rule, position.file, position.line)
    places = ((mutant.position.below(first), mutant.description) for mutant in verdict.survivors)
    _fail(case, [f"{place.file}:{place.line}: survives: {description}" for place, description in places])
    return case


def _stale(entry: Any) -> ElementTree.Element:
    case = _case("survivors", f"{entry.rule}: {entry.mutant}", entry.position.file, entry.position.line)
    _fail(case, [f"{entry.position}: {entry.rule}: {entry.mutant} does not survive"])
    return case


def _case(group: str, name: str, file: str, line: int) -> ElementTree.Element:
    return ElementTree.Element("testcase", classname=group, name=_printable(name), file=file, line=str(line))


def _fail(case: ElementTree.Element, messages: Sequence[str]) -> None:
    if messages:
        failure = ElementTree.SubElement(case, "failure", message=_printable(messages[0]))
        failure.text = _printable("\n".join(messages))


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)
