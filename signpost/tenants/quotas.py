"""Quotas of tenants: how much each may store, and which tenants are at their quota. `workers.metering` measures."""

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.case.instant import SECOND, is_recent
from signpost.errors import TransientError
from signpost.storage import Store
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node, read

REFRESH_S: Final = 5
MAX_QUOTA: Final = 999_999_999_999
ERASED: Final = "candidate.erased"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many cases and stored bytes a tenant may have; 0: any number."""

    cases: int = 0
    bytes: int = 0


class QuotaFile:
    """The quotas of all tenants: a default, and what the tenants file says of each. Needs no secret of that file."""

    def __init__(self, file: Path, default: Quota) -> None:
        self._file, self._default = file, default
        self._own: Mapping[str, Quota] = {}

    def read(self) -> Callable[[str], Quota]:
        """Tenant -> its quota now; as before while the file cannot be read."""
        if self._file.exists():
            root = read(self._file, str(self._file), Problems(), secret=True)
            self._own = self._own if root is None else self._quotas(root)
        return lambda tenant: self._own.get(tenant, self._default)

    def _quotas(self, root: Node) -> dict[str, Quota]:
        reader = FieldReader(Problems())
        tenants = reader.members(root, "the file").get("tenants")
        bodies = reader.members(tenants, "tenants") if tenants is not None else {}
        own = {name: reader.members(body, name).get("quota") for name, body in bodies.items()}
        return {name: read_quota(reader, "quota", node, self._default) for name, node in own.items()}


def read_quota(reader: FieldReader, at: str, node: Node | None, default: Quota) -> Quota:
    """The `quota` of a tenant: `cases`, `bytes`, or both. What is missing or invalid is the default."""
    if node is None:
        return default
    found = {"cases": default.cases, "bytes": default.bytes}
    for name, inner in reader.members(node, at, tuple(found)).items():
        if isinstance(inner.value, int) and not isinstance(inner.value, bool) and 0 <= inner.value <= MAX_QUOTA:
            found[name] = inner.value
        else:
            message = f"{at}.{name} must be a whole number from 0 (no limit) to {MAX_QUOTA}"
            reader.problems.add("R021", inner.position, message)
    return Quota(**found)


class Quotas:
    """The tenants at their quota, as last measured. Safe between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read_at: int | None = None
        self._excess: Mapping[str, str] = {}

    def refresh(self, now: int) -> None:
        """Read the latest measurement, at most every REFRESH_S. Raises TransientError."""
        if not is_recent(self._read_at, now, REFRESH_S * SECOND):
            self._excess = {name: excess for name, usage in self._store.usage.all().items() if (excess := usage.excess)}
            self._read_at = now

    def watch(self, stop: threading.Event, clock: Callable[[], int]) -> None:
        """Refresh until `stop` is set; without the database the latest measurement stays."""
        while not stop.is_set():
            with suppress(TransientError):
                self.refresh(clock())
            stop.wait(REFRESH_S)

    def excess(self, tenant: str) -> str:
        """Which quota a tenant has reached; "" if none."""
        return self._excess.get(tenant, "")


def begins_case(event: Event, existing: Collection[str]) -> bool:
    """Whether an event begins a case, given the keys of its tenant's cases. An erasure never counts as that."""
    return event.type != ERASED and not any(key in existing for key in case_keys(event))
