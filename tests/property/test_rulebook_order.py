"""Which rulebook of a tenant is later, for two processes that change, restart and disagree: clocks never work against
each other, and a change reaches every case."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete

from signpost.advice import Engine
from signpost.storage import CaseRow, Store, open_store
from signpost.storage.tables import rulebooks as announcements
from signpost.tenants.rulebooks import Engines, Rulebooks
from signpost.workers.rulebook_versions import ANNOUNCE_INTERVAL_US, IN_USE_US, RulebookVersions
from tests.support.databases import migrate
from tests.support.workers_kit import START, few_engines

TENANTS, VERSIONS = ("acme", "beta"), ("aa", "bb", "cc")
RULEBOOK = few_engines().rulebooks.default
Pair = tuple[str, str]
Config = tuple[str, dict[str, str]]
CONFIGS = some.tuples(some.sampled_from(VERSIONS), some.dictionaries(*map(some.sampled_from, (TENANTS, VERSIONS))))
STEPS = some.lists(some.tuples(some.integers(0, 1), some.booleans(), CONFIGS), min_size=1, max_size=6)


@dataclass
class Process:
    """One that has these files by now."""

    store: Store
    engines: Engines[Engine] = field(init=False)
    versions: RulebookVersions = field(init=False)

    def start(self, config: Config) -> None:
        """Begin with these files, as after a restart."""
        self.engines, self.versions = made(config, 0), RulebookVersions(self.store, self)

    def now(self) -> Engines[Engine]:
        return self.engines

    def reload_now(self) -> None:
        raise AssertionError("nothing asks for it here")

    def takes(self, now: int) -> set[Pair]:
        """The tenants and versions whose cases this process evaluates again."""
        return {(group.tenant, group.rulebook) for group in self.versions.outdated(self.engines, now)}

    def others(self) -> set[Pair]:
        """The tenants and versions that are not those of this process."""
        return {(tenant, version) for tenant in TENANTS for version in VERSIONS} - {self.own(each) for each in TENANTS}

    def own(self, tenant: str) -> Pair:
        return tenant, self.engines.rulebooks.of(tenant).version


def made(config: Config, turn: int) -> Engines[Engine]:
    default, own = config
    books = {version: replace(RULEBOOK, version=version) for version in VERSIONS}
    rulebooks = Rulebooks(books[default], {tenant: books[version] for tenant, version in own.items()})
    return Engines(lambda _: few_engines().of("acme"), rulebooks, turn)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with a case of each tenant and version."""
    url = f"sqlite:///{tmp_path_factory.mktemp('order') / 'signpost.db'}"
    migrate(url)
    rows = [CaseRow(tenant, version, b"{}", rulebook=version) for tenant in TENANTS for version in VERSIONS]
    with open_store(url) as opened:
        with opened.transaction() as tx:
            tx.lock_cases([(row.tenant, row.key) for row in rows])
            tx.save_cases(rows)
        yield opened


SWAP: Any = [(0, False, ("aa", {"acme": "bb", "beta": "cc"})), (0, True, ("aa", {"acme": "cc", "beta": "bb"}))]
LEAVE: Any = [(0, False, ("bb", {})), (0, True, ("bb", {"acme": "aa"}))]


@example(SWAP)
@example(LEAVE)
@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_two_processes_never_work_against_each_other_and_a_change_reaches_every_case(store: Store, steps: Any) -> None:
    with store._engine.get().begin() as connection:
        connection.execute(delete(announcements))
    now, processes = START, [Process(store), Process(store)]
    for process in processes:
        process.start(steps[0][2])
        process.versions.engines(now)
    for number, is_reload, config in steps:
        now += 1_000_000
        changed = processes[number]
        if is_reload:
            changed.engines = made(config, changed.engines.turn + 1)
        else:
            changed.start(config)
        for process in processes:
            process.versions.engines(now)
        if is_reload:
            assert changed.takes(now) == changed.others(), "what has just changed is the latest"
        for one, other in combinations(processes, 2):
            both = {t for t in TENANTS if other.own(t) in one.takes(now) and one.own(t) in other.takes(now)}
            assert not both, "each takes what the other has evaluated"
    _let_one_run(changed, now)


def test_a_process_of_an_earlier_release_finds_every_version_it_looks_for() -> None:
    rulebooks = made(("bb", {"acme": "cc", "beta": "aa"}), 0).rulebooks
    assert rulebooks.announced == ["aa", "cc", "bb", "cc acme", "aa beta"]
    assert set(rulebooks.versions) <= set(rulebooks.announced)


def _let_one_run(process: Process, now: int) -> None:
    """The others end: a minute later it takes every case."""
    for _ in range(1 + IN_USE_US // ANNOUNCE_INTERVAL_US):
        now += ANNOUNCE_INTERVAL_US + 1
        process.versions.engines(now)
    assert process.takes(now) == process.others()
