"""Which rulebook is later, for the processes that share a database and read the same files at different moments."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from signpost.advice import Engine
from signpost.storage import CaseRow, Store
from signpost.tenants.rulebooks import Engines, Rulebooks
from signpost.workers.rulebook_versions import ANNOUNCE_INTERVAL_US, IN_USE_US, RulebookVersions, StaleRulebook
from tests.support.workers_kit import ENGINES, START, few_engines

OWN = ENGINES.rulebooks.of("acme").version
CASE = CaseRow("acme", "c-1", b"{}", rulebook=OWN)


@dataclass
class Files:
    """The engines of a process, and those that its files have by now."""

    current: Engines[Engine] = field(default_factory=lambda: ENGINES)
    changed: Engines[Engine] | None = None
    reloads: int = 0

    def now(self) -> Engines[Engine]:
        return self.current

    def reload_now(self) -> None:
        self.reloads += 1
        self.current = self.changed or self.current


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def versions(store: Store, files: Files) -> RulebookVersions:
    made = RulebookVersions(store, files)
    made.engines(START)
    return made


def check(store: Store, versions: RulebookVersions, *rows: CaseRow, now: int = START) -> set[tuple[str, str]]:
    """The pairs for which the rulebook of this process is too old."""
    with store.transaction() as tx:
        try:
            versions.check(tx, rows, ENGINES, now)
        except StaleRulebook as stale:
            return stale.pairs
    return set()


def newer(store: Store, at: int = START) -> CaseRow:
    store.announce_rulebooks(["newer"], at, as_newest=False)
    return replace(CASE, rulebook="newer")


def test_a_case_of_a_later_rulebook_in_use_is_not_taken_back(store: Store, versions: RulebookVersions) -> None:
    assert check(store, versions, newer(store), CASE) == {("acme", "newer")}
    assert check(store, versions, CASE) == set()
    assert check(store, versions) == set()


@pytest.mark.parametrize(("age", "is_used"), [(IN_USE_US, True), (IN_USE_US + 1, False)])
def test_a_rulebook_that_no_process_announces_any_more_gives_way(
    store: Store, versions: RulebookVersions, age: int, is_used: bool
) -> None:
    assert bool(check(store, versions, newer(store), now=START + age)) is is_used


def test_an_unknown_or_earlier_rulebook_gives_way(store: Store, files: Files) -> None:
    store.announce_rulebooks(["older"], START, as_newest=False)
    versions = RulebookVersions(store, files)
    versions.engines(START)
    assert check(store, versions, replace(CASE, rulebook="older"), replace(CASE, rulebook="unknown")) == set()


def test_a_batch_is_not_interrupted_for_rulebooks_that_give_way(store: Store, versions: RulebookVersions) -> None:
    """It would be rolled back, and all files would be read again."""
    with store.transaction() as tx:
        versions.check(tx, [replace(CASE, rulebook="unknown")], ENGINES, START)


def test_any_rulebook_in_use_is_later_than_one_that_was_never_announced(store: Store, files: Files) -> None:
    assert check(store, RulebookVersions(store, files), newer(store)) == {("acme", "newer")}


def test_what_was_settled_is_not_looked_up_again_until_the_rules_change(
    store: Store, versions: RulebookVersions, files: Files
) -> None:
    old = replace(CASE, rulebook="was-unknown")
    assert check(store, versions, old) == set()
    store.announce_rulebooks(["was-unknown"], START, as_newest=False)
    assert check(store, versions, old) == set(), "settled"
    versions.engines(START + 1)
    assert check(store, versions, old) == set(), "still the same engines"
    files.current = Engines(lambda rulebook: ENGINES.of("acme"), ENGINES.rulebooks)
    versions.engines(START + 2)
    assert check(store, versions, old) == {("acme", "was-unknown")}


def test_a_process_whose_files_are_different_goes_on_and_says_so(
    store: Store, versions: RulebookVersions, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    row = newer(store)
    stale = StaleRulebook(check(store, versions, row))
    versions.reload_now(stale)
    assert files.reloads == 1
    assert "another process has a later rulebook" in caplog.text
    assert check(store, versions, row) == set(), "events must not wait"


def test_a_process_whose_files_have_changed_takes_them(
    store: Store, versions: RulebookVersions, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    row = newer(store)
    files.changed = Engines(lambda rulebook: ENGINES.of("acme"), ENGINES.rulebooks, turn=1)
    versions.reload_now(StaleRulebook(check(store, versions, row)))
    assert "another process" not in caplog.text
    assert check(store, versions, row) == {("acme", "newer")}, "not settled before the new engines are announced"
    versions.engines(START + 1)
    assert check(store, versions, row) == set(), "ours are the latest now"


def test_a_renewed_announcement_makes_no_rulebook_the_latest(
    store: Store, versions: RulebookVersions, files: Files
) -> None:
    files.current = Engines(lambda rulebook: ENGINES.of("acme"), ENGINES.rulebooks, turn=1)
    versions.engines(START + 1)
    store.announce_rulebooks(["newer"], START + 2, as_newest=True)
    now = START + 1 + ANNOUNCE_INTERVAL_US
    versions.engines(now)
    assert store.rulebooks()[OWN].seen_at == now
    assert check(store, versions, replace(CASE, rulebook="newer"), now=now) == {("acme", "newer")}


def of_two() -> Engines[Engine]:
    """Engines of a process in which acme has a rulebook of its own."""
    rulebooks = Rulebooks(ENGINES.rulebooks.default, {"acme": few_engines().rulebooks.default})
    return Engines(lambda rulebook: ENGINES.of("acme"), rulebooks)


def test_a_process_with_several_rulebooks_that_starts_again_is_not_the_latest(store: Store) -> None:
    engines = of_two()
    for name in (*engines.rulebooks.announced, "newer"):
        store.announce_rulebooks([name], START, as_newest=False)
    RulebookVersions(store, Files(engines)).engines(START)
    numbers = {name: row.number for name, row in store.rulebooks().items()}
    assert max(numbers, key=lambda name: numbers[name]) == "newer"


def test_a_tenant_leaves_the_default_for_its_own_rulebook_whichever_was_known_first(store: Store) -> None:
    engines = of_two()
    rulebooks = engines.rulebooks
    for name in (rulebooks.announced_as("acme"), OWN):
        store.announce_rulebooks([name], START, as_newest=False)
    with store.transaction() as tx:
        tx.lock_cases([("acme", "c-1")])
        tx.save_cases([replace(CASE, rulebook_since=START)])
    versions = RulebookVersions(store, Files(engines))
    versions.engines(START)
    assert [group.tenant for group in versions.outdated(engines, START)] == ["acme"]
    numbers = [store.rulebooks()[name].number for name in rulebooks.announced]
    assert numbers == sorted(numbers)
    store.announce_rulebooks([OWN], START + 1, as_newest=True)
    now = START + ANNOUNCE_INTERVAL_US
    versions.engines(now)
    assert versions.outdated(engines, now) == [], "another process goes back to the default; a renewal changes nothing"


def test_the_groups_of_older_rulebooks_come_oldest_first(store: Store, files: Files) -> None:
    store.announce_rulebooks(["of-before"], START, as_newest=False)
    versions = RulebookVersions(store, files)
    versions.engines(START)
    newer(store)
    rows = [
        CaseRow("acme", "a", b"{}", rulebook="of-before", rulebook_since=START - 1),
        CaseRow("acme", "b", b"{}", rulebook="unknown", rulebook_since=START - 5),
        CaseRow("beta", "c", b"{}", rulebook="of-before", rulebook_since=START - 3),
        CaseRow("acme", "d", b"{}", rulebook="newer", rulebook_since=START - 9),
        CaseRow("acme", "e", b"{}", rulebook=OWN, rulebook_since=START - 9),
    ]
    with store.transaction() as tx:
        tx.lock_cases([(row.tenant, row.key) for row in rows])
        tx.save_cases(rows)
    found = [(group.tenant, group.rulebook) for group in versions.outdated(ENGINES, START)]
    assert found == [("acme", "unknown"), ("beta", "of-before"), ("acme", "of-before")]


def test_a_rulebook_is_in_use_under_the_name_of_its_tenant_too(store: Store, versions: RulebookVersions) -> None:
    store.announce_rulebooks(["own acme"], START, as_newest=False)
    own = replace(CASE, rulebook="own")
    assert check(store, versions, own) == {("acme", "own")}
    assert check(store, versions, replace(own, tenant="globex")) == set()


def test_the_latest_of_the_names_of_a_rulebook_counts(store: Store, files: Files) -> None:
    store.announce_rulebooks(["own"], START, as_newest=False)
    versions = RulebookVersions(store, files)
    versions.engines(START)
    store.announce_rulebooks(["own acme"], START, as_newest=False)
    assert check(store, versions, replace(CASE, rulebook="own")) == {("acme", "own")}


@pytest.mark.parametrize(("is_another", "names"), [(True, 3), (False, 2)])
def test_the_names_of_all_own_rulebooks_are_put_in_order(store: Store, is_another: bool, names: int) -> None:
    """Also where it is the second that is known longer than the first, and where the own one is the default."""
    own = few_engines() if is_another else ENGINES
    rulebooks = Rulebooks(ENGINES.rulebooks.default, {"acme": own.rulebooks.default})
    assert len(rulebooks.announced) == names
    engines = Engines(lambda rulebook: ENGINES.of("acme"), rulebooks)
    for name in reversed(rulebooks.announced):
        store.announce_rulebooks([name], START, as_newest=False)
    RulebookVersions(store, Files(engines)).engines(START)
    numbers = [store.rulebooks()[name].number for name in rulebooks.announced]
    assert numbers == sorted(numbers)


def test_the_metrics_show_the_version_in_force(store: Store, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, int] = {}
    monkeypatch.setattr(
        "signpost.workers.rulebook_versions.RULEBOOK",
        SimpleNamespace(set=lambda n, version: shown.update({version: n})),
    )
    monkeypatch.setattr("signpost.workers.rulebook_versions._shown", [])
    versions = RulebookVersions(store, files)
    versions.engines(START)
    assert shown == {OWN: 1}
    files.current, few = few_engines(), few_engines().rulebooks.of("acme").version
    for at in (1, 2):
        versions.engines(START + at)
        assert shown == {OWN: 0, few: 1}
    files.current = ENGINES
    versions.engines(START + 3)
    assert shown == {OWN: 1, few: 0}
