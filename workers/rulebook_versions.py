"""Which rulebook came after which, so that no worker takes a case back to an older one because it has not noticed yet.

The rule and its reasons: docs/decisions/0010-reevaluate-every-case-after-a-rulebook-change.md.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Final, Protocol, TypeAlias

from signpost.advice import Engine
from signpost.storage import CaseRow, RulebookGroup, RulebookRow, Store, Transaction
from signpost.tenants.rulebooks import Engines

BEAT: Final = 10_000_000
"""Microseconds after which a process says again which rulebooks it has."""
IN_USE: Final = 60_000_000
"""Microseconds for which that counts."""
Pair: TypeAlias = tuple[str, str]  # tenant, version

log = logging.getLogger("signpost.rulebook")


class EngineSource(Protocol):
    """Where the engines come from; `signpost.tenants.live_rulebooks.LiveEngines` is one."""

    def now(self) -> Engines[Engine]:
        """What is in force."""

    def reload_now(self) -> None:
        """Take a change that has not been noticed yet."""


class StaleRulebook(Exception):
    """Cases were evaluated with rulebooks that came after this process's own; nothing has been changed."""

    def __init__(self, pairs: set[Pair]) -> None:
        super().__init__()
        self.pairs = pairs


class RulebookVersions:
    """The engines of one process among those of all. Not for several threads at once."""

    def __init__(self, store: Store, source: EngineSource) -> None:
        self._store, self._source = store, source
        self._announced: Engines[Engine] | None = None
        self._beat = 0
        self._settled: set[Pair] = set()
        """What this process may evaluate anew with the engines announced."""

    def engines(self, now: int) -> Engines[Engine]:
        """What is in force, for one transaction; others know of it. Raises TransientError."""
        engines = self._source.now()
        changed = engines is not self._announced
        if changed or now - self._beat >= BEAT:
            anew = changed and engines.turn > 0
            self._store.announce_rulebooks(engines.rulebooks.versions, now, as_newest=anew)
            self._announced, self._beat = engines, now
        if changed:
            self._settled = set()
        return engines

    def check(self, tx: Transaction, rows: Collection[CaseRow], engines: Engines[Engine], now: int) -> None:
        """Raises Behind where some of these cases are as a later rulebook left them."""
        rulebooks = engines.rulebooks
        found = {(row.tenant, row.rulebook) for row in rows if row.rulebook != rulebooks.of(row.tenant).version}
        if not found <= self._settled:
            known = tx.rulebooks()
            later = {pair for pair in found - self._settled if _is_later(pair, engines, known, now)}
            self._settled |= found - later
            if later:
                raise StaleRulebook(later)

    def reload_now(self, behind: StaleRulebook) -> None:
        """Look at once whether the files have changed. Where they have not, somebody else has others: go on all the
        same, since events must not wait for that."""
        before = self._source.now()
        self._source.reload_now()
        if self._source.now() is before:
            self._settled |= behind.pairs
            for tenant, version in sorted(behind.pairs):
                own = before.rulebooks.of(tenant).version
                shown = {"tenant": tenant, "rulebook": version, "own": own}
                log.warning("another process has a later rulebook; do all see the same rules and tenants?", extra=shown)

    def outdated(self, engines: Engines[Engine], now: int) -> list[RulebookGroup]:
        """Which cases these engines should evaluate anew, those with the oldest first."""
        rulebooks = engines.rulebooks
        others = [one for one in self._store.rulebook_groups() if one.rulebook != rulebooks.of(one.tenant).version]
        if not others:
            return []
        known = self._store.rulebooks()
        earlier = [one for one in others if not _is_later((one.tenant, one.rulebook), engines, known, now)]
        return sorted(earlier, key=lambda one: one.since)


def _is_later(pair: Pair, engines: Engines[Engine], known: Mapping[str, RulebookRow], now: int) -> bool:
    """Whether a tenant's cases have a rulebook that was announced after ours and that somebody still uses."""
    tenant, version = pair
    theirs, ours = known.get(version), known.get(engines.rulebooks.of(tenant).version)
    if theirs is None or now - theirs.seen_at > IN_USE:
        return False
    return ours is None or theirs.number > ours.number
