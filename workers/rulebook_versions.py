"""Orders rulebook versions, so that a stale worker cannot downgrade a case to an older rulebook.

The rule and its reasons: docs/decisions/0010-reevaluate-every-case-after-a-rulebook-change.md.
"""

import logging
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Final, Protocol, TypeAlias

from signpost.advice import Engine
from signpost.case.instant import is_recent
from signpost.metrics.table import RULEBOOK
from signpost.storage import CaseRow, RulebookGroup, RulebookRow, Store, Transaction
from signpost.tenants.rulebooks import Engines

ANNOUNCE_INTERVAL_US: Final = 10_000_000
"""Time between two announcements of a process's rulebooks."""
IN_USE_US: Final = 60_000_000
"""How long an announcement is valid."""
Pair: TypeAlias = tuple[str, str]  # tenant, version

log = logging.getLogger("signpost.rulebook")


class EngineSource(Protocol):
    """A source of engines; `signpost.tenants.live_rulebooks.LiveEngines` implements it."""

    def now(self) -> Engines[Engine]:
        """The current engines."""

    def reload_now(self) -> None:
        """Reload now if the files have changed."""


class StaleRulebook(Exception):
    """Cases were evaluated with rulebooks newer than this process's own; nothing was changed."""

    def __init__(self, pairs: set[Pair]) -> None:
        super().__init__()
        self.pairs = pairs


class RulebookVersions:
    """The engines of this process, compared with those of other processes. Not thread-safe."""

    def __init__(self, store: Store, source: EngineSource) -> None:
        self._store, self._source = store, source
        self._announced: Engines[Engine] | None = None
        self._announced_at = 0
        self._settled: set[Pair] = set()
        """(tenant, version) pairs that this process may re-evaluate with the announced engines."""

    def engines(self, now: int) -> Engines[Engine]:
        """The current engines for one transaction; announces them to other processes. Raises TransientError."""
        engines = self._source.now()
        changed = engines is not self._announced
        if changed or not is_recent(self._announced_at, now, ANNOUNCE_INTERVAL_US):
            self._announce(engines, now, changed=changed)
            self._announced, self._announced_at = engines, now
        if changed:
            self._settled = set()
            _show_version(engines)
        return engines

    def _announce(self, engines: Engines[Engine], now: int, *, changed: bool) -> None:
        """Announce all; once changed, each after those before it, also where it is known longer."""
        names = engines.rulebooks.announced
        self._store.announce_rulebooks(names, now, as_newest=changed and engines.turn > 0)
        if changed and len(names) > 1:
            known = self._store.rulebooks()
            numbers = [known[name].number if name in known else 0 for name in names]
            wrong = (at for at, (before, after) in enumerate(pairwise(numbers), 1) if after < before)
            if first := next(wrong, 0):
                self._store.announce_rulebooks(names[first:], now, as_newest=True)

    def check(self, tx: Transaction, rows: Collection[CaseRow], engines: Engines[Engine], now: int) -> None:
        """Raise StaleRulebook if a later rulebook evaluated some of these cases."""
        rulebooks = engines.rulebooks
        pairs = {(row.tenant, row.rulebook) for row in rows if row.rulebook != rulebooks.of(row.tenant).version}
        if not pairs <= self._settled:
            known = tx.rulebooks()
            later = {pair for pair in pairs - self._settled if _is_later(pair, engines, known, now)}
            self._settled |= pairs - later
            if later:
                raise StaleRulebook(later)

    def reload_now(self, stale: StaleRulebook) -> None:
        """Reload the files now. If they are unchanged, another process has different files: log it and continue,
        because events must not wait."""
        before = self._source.now()
        self._source.reload_now()
        if self._source.now() is before:
            self._settled |= stale.pairs
            for tenant, version in stale.pairs:
                own = before.rulebooks.of(tenant).version
                details = {"tenant": tenant, "rulebook": version, "own": own}
                log.warning(
                    "another process has a later rulebook; give all processes the same rules and tenants",
                    extra=details,
                )

    def outdated(self, engines: Engines[Engine], now: int) -> list[RulebookGroup]:
        """The groups of cases that these engines should re-evaluate, oldest first."""
        rulebooks = engines.rulebooks
        others = [
            group for group in self._store.rulebook_groups() if group.rulebook != rulebooks.of(group.tenant).version
        ]
        if not others:
            return []
        known = self._store.rulebooks()
        earlier = [group for group in others if not _is_later((group.tenant, group.rulebook), engines, known, now)]
        return sorted(earlier, key=lambda group: group.since)


_shown: Final[list[str]] = []
"""The version that the metrics show."""


def _show_version(engines: Engines[Engine]) -> None:
    version = engines.rulebooks.default.version
    for earlier in _shown:
        RULEBOOK.set(0, earlier)
    _shown[:] = [version]
    RULEBOOK.set(1, version)


def _is_later(pair: Pair, engines: Engines[Engine], known: Mapping[str, RulebookRow], now: int) -> bool:
    """Whether a tenant's cases have a rulebook that was announced after ours and is still in use."""
    tenant, version = pair
    ours = known.get(engines.rulebooks.announced_as(tenant))
    in_use = [
        theirs.number
        for announced in (version, f"{version} {tenant}")
        if (theirs := known.get(announced)) is not None and now - theirs.seen_at <= IN_USE_US
    ]
    return bool(in_use) and (ours is None or max(in_use) > ours.number)
