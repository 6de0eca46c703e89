"""Quotas: what the tenants file says, when a measurement counts, and which events are refused."""

import threading
from pathlib import Path

import pytest

from signpost.case.event import Event
from signpost.case.instant import SECOND
from signpost.errors import TransientError
from signpost.storage import Store, Usage
from signpost.tenants.quotas import MAX_QUOTA, REFRESH_S, Quota, QuotaFile, Quotas, begins_case, read_quota
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import read

DEFAULT = Quota(9, 99)
NOW = 1_780_000_000 * SECOND


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tenants.yaml"


def test_a_tenant_has_the_default_for_what_its_quota_leaves_out(file: Path) -> None:
    file.write_text("tenants:\n  a: {quota: {cases: 3}}\n  b: {quota: {bytes: 0, cases: 4}}\n  c: {}\n")
    quota = QuotaFile(file, DEFAULT).read()
    found = [quota(name) for name in ("a", "b", "c", "unknown")]
    assert found == [Quota(3, 99), Quota(4, 0), DEFAULT, DEFAULT]
    assert Quota() == Quota(0, 0)


def test_a_file_that_cannot_be_read_changes_no_quota(file: Path) -> None:
    quotas = QuotaFile(file, DEFAULT)
    assert quotas.read()("a") == DEFAULT
    file.write_text("tenants:\n  a: {quota: {cases: 3}}\n")
    assert quotas.read()("a") == Quota(3, 99)
    file.write_text("tenants: [")
    assert quotas.read()("a") == Quota(3, 99)
    file.unlink()
    assert quotas.read()("a") == Quota(3, 99)
    file.write_text("sources: {}\n")
    assert quotas.read()("a") == DEFAULT


@pytest.mark.parametrize(
    ("value", "cases"),
    [("0", 0), ("5", 5), (str(MAX_QUOTA), MAX_QUOTA), (str(MAX_QUOTA + 1), 9), ("-1", 9), ("true", 9), ("1.5", 9)],
)
def test_a_quota_is_a_whole_number(file: Path, value: str, cases: int) -> None:
    file.write_text(f"quota: {{cases: {value}}}\n")
    problems = Problems()
    root = read(file, "f", problems)
    assert root is not None
    reader = FieldReader(problems)
    assert read_quota(reader, "quota", reader.members(root, "f")["quota"], DEFAULT) == Quota(cases, 99)
    assert [problem.code for problem in problems.found] == ([] if cases != 9 else ["R021"])


def usage(cases: int, stored: int = 0, most: int = 2, most_stored: int = 0) -> Usage:
    return Usage(cases, stored, most, most_stored, NOW)


@pytest.mark.parametrize(
    ("found", "excess"),
    [
        (usage(1), ""),
        (usage(2), "this tenant has 2 cases of at most 2"),
        (usage(5, most=0), ""),
        (usage(0, 9, 0, 10), ""),
        (usage(0, 10, 0, 10), "this tenant stores 10 bytes of at most 10"),
        (usage(0, 10, 0, 0), ""),
    ],
)
def test_a_tenant_is_at_its_quota_once_it_has_reached_it(found: Usage, excess: str) -> None:
    assert found.excess == excess


def test_a_measurement_is_read_again_after_five_seconds(store: Store) -> None:
    quotas = Quotas(store)
    assert quotas.excess("a") == ""
    store.usage.replace({"a": usage(2), "b": usage(1)})
    quotas.refresh(NOW)
    assert (quotas.excess("a"), quotas.excess("b")) == ("this tenant has 2 cases of at most 2", "")
    store.usage.replace({"b": usage(3)})
    quotas.refresh(NOW + 5 * SECOND - 1)
    assert quotas.excess("b") == ""
    quotas.refresh(NOW + 5 * SECOND)
    assert (quotas.excess("a"), quotas.excess("b")) == ("", "this tenant has 3 cases of at most 2")
    store.usage.replace({})
    quotas.refresh(NOW + SECOND)
    assert quotas.excess("b") == "", "the clock was set back"


def test_a_watch_refreshes_until_it_is_stopped(store: Store) -> None:
    store.usage.replace({"a": usage(2)})
    quotas, stop = Quotas(store), threading.Event()

    def clock() -> int:
        stop.set()
        return NOW

    quotas.watch(stop, clock)
    assert quotas.excess("a")
    store.usage.replace({})
    quotas.watch(stop, lambda: NOW + 60 * SECOND)
    assert quotas.excess("a"), "it was stopped before"


def test_a_watch_goes_on_after_the_database_was_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    quotas = Quotas(store)
    looks: list[TransientError | dict[str, Usage]] = [TransientError("away"), {"a": usage(2)}]

    def look() -> dict[str, Usage]:
        found = looks.pop(0)
        if isinstance(found, TransientError):
            raise found
        if not looks:
            stop.set()
        return found

    waits = list[float | None]()

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return self.is_set()

    stop = Stop()
    monkeypatch.setattr(store.usage, "all", look)
    quotas.watch(stop, lambda: NOW)
    assert (looks, quotas.excess("a")) == ([], usage(2).excess)
    assert waits == [REFRESH_S, REFRESH_S], "it takes no processor between two looks"


def event(kind: str, subject: str = "c-1", **data: str) -> Event:
    return Event("a", "/s", "e", kind, NOW, subject, data)


def test_an_event_begins_a_case_unless_one_of_its_cases_exists() -> None:
    merged = event("candidate.merged", into="c-2")
    assert begins_case(merged, [])
    assert not begins_case(merged, ["c-2"])
    assert not begins_case(merged, ["c-1", "c-9"])
    assert begins_case(event("offer.extended", offer="o"), ["c-2"])
    assert not begins_case(event("candidate.erased"), [])
