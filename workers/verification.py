"""Compares what is stored about each case with what evaluating it gives, as after a restore. Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from signpost.advice import Engine
from signpost.advice.records import active
from signpost.storage import CaseRow, Store
from signpost.tenants.rulebooks import Engines
from signpost.workers.case_rows import load_case_set


@dataclass(frozen=True, slots=True)
class CheckedCase:
    """A case. `is_compared`: whether the rulebook in force evaluated it; `problems`: what differs."""

    tenant: str
    key: str
    is_compared: bool
    problems: tuple[str, ...] = ()


def check_cases(store: Store, tenants: list[str], engines: Engines[Engine]) -> Iterator[CheckedCase]:
    """Check every case of these tenants, at the instant for which it was evaluated. Raises TransientError."""
    for tenant in tenants:
        for row in store.cases(tenant):
            yield _check(store, row, engines.of(tenant))


def _check(store: Store, row: CaseRow, engine: Engine) -> CheckedCase:
    if row.rulebook != engine.rulebook.version:
        return CheckedCase(row.tenant, row.key, is_compared=False)
    problems = (*_advice_problems(row, engine), *_table_problems(store, row))
    return CheckedCase(row.tenant, row.key, is_compared=True, problems=problems)


def _advice_problems(row: CaseRow, engine: Engine) -> Iterator[str]:
    """The changes that evaluating the case again would publish."""
    for _, change in load_case_set(engine, row.tenant, [row]).wake(row.key, row.updated):
        yield f"evaluation gives: {change.change} {change.rule} about {change.subject} ({change.id})"


def _table_problems(store: Store, row: CaseRow) -> Iterator[str]:
    """Differences between the advice of the case and the rows that the API shows."""
    stored = {each.id for each in store.recommendations(row.tenant, row.key, status="active")}
    expected = {record.id: record.rule for record in active(row.advice).values()}
    for missing in sorted(expected.keys() - stored):
        yield f"no active row of {expected[missing]} ({missing})"
    for superfluous in sorted(stored - expected.keys()):
        yield f"an active row that the case does not have: {superfluous}"
