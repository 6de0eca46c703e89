"""What a process announces of its rulebook: old files do not make it the latest, and a reload does."""

from functools import partial

from signpost.engine import make_engine
from signpost.storage import Store
from signpost.tenants.rulebooks import Engines
from signpost.workers.rulebook_versions import ANNOUNCE_INTERVAL_US, RulebookVersions
from tests.support.workers_kit import ENGINES, START, FixedEngines


def versions_of(store: Store, engines: Engines[object]) -> RulebookVersions:
    return RulebookVersions(store, FixedEngines(lambda: engines))  # type: ignore[arg-type, return-value]


def test_a_process_that_starts_with_old_rules_does_not_make_them_the_latest(store: Store) -> None:
    """Else one restarted worker with old files would take every case back."""
    own = ENGINES.rulebooks.of("acme").version
    store.announce_rulebooks([own], START, as_newest=False)
    store.announce_rulebooks(["newer"], START, as_newest=False)
    versions = versions_of(store, ENGINES)
    versions.engines(START + 1)
    known = store.rulebooks()
    assert known[own].number < known["newer"].number


def test_rules_that_a_running_process_loads_become_the_latest(store: Store) -> None:
    own = ENGINES.rulebooks.of("acme").version
    store.announce_rulebooks([own], START, as_newest=False)
    store.announce_rulebooks(["newer"], START, as_newest=False)
    current = [ENGINES]
    versions = RulebookVersions(store, FixedEngines(lambda: current[0]))
    versions.engines(START + 1)
    current[0] = Engines(partial(make_engine, "compiled"), ENGINES.rulebooks, turn=1)
    versions.engines(START + 2)
    known = store.rulebooks()
    assert known[own].number > known["newer"].number


def test_an_announcement_is_renewed_at_its_interval_and_not_with_each_batch(store: Store) -> None:
    own = ENGINES.rulebooks.of("acme").version
    versions = versions_of(store, ENGINES)
    for at in (START, START + 1, START + ANNOUNCE_INTERVAL_US - 1):
        versions.engines(at)
    assert store.rulebooks()[own].seen_at == START
    versions.engines(START + ANNOUNCE_INTERVAL_US)
    assert store.rulebooks()[own].seen_at == START + ANNOUNCE_INTERVAL_US
