"""Counter, gauge and histogram as declarations. Each counts only after `start`, which imports prometheus_client."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final, TypeAlias

MAX_CAPPED_VALUES: Final = 300
"""Values of a label whose values others choose, like ids of tenants' own rules; further ones count as OTHER."""
OTHER: Final = "other"
CAPPED: Final = frozenset({"rule", "version"})
"""Labels with values that nobody has listed."""
Values: TypeAlias = tuple[str, ...]

log = logging.getLogger(__name__)


class _Nothing:
    """A child that counts nothing."""

    def inc(self, by: float) -> None:
        pass

    def set(self, value: float) -> None:
        pass

    def observe(self, value: float) -> None:
        pass


_NOTHING: Final = _Nothing()


class Metric(ABC):
    """A metric as the table declares it. The label `role` is filled in by the process."""

    kind: ClassVar[str]

    def __init__(
        self, name: str, about: str, labels: Sequence[str] = (), *, roles: Sequence[str], first: Sequence[Values] = ()
    ) -> None:
        """`roles`: the processes that have it. `first`: values of the labels, without the role, that exist with 0 from
        the start, so that the first increase is visible."""
        self.name, self.about, self.labels, self.roles, self.first = name, about, tuple(labels), tuple(roles), first
        self._has_role = "role" in labels
        self._own_labels = tuple(label for label in labels if label != "role")
        self._capped = next((at for at, label in enumerate(self._own_labels) if label in CAPPED), None)
        self._seen: set[str] = set()
        self._family: Any = None
        self._role = ""
        self._children: dict[Values, Any] = {}

    @property
    def samples(self) -> Sequence[str]:
        """The names that queries use."""
        return (self.name,)

    def start(self, role: str) -> None:
        """Count from now on, if this role has the metric."""
        self.stop()
        if role in self.roles:
            self._family, self._role = self._make(), role
            for values in self.first:
                self._child(values)

    def stop(self) -> None:
        """Count nothing from now on."""
        self._family = None
        self._children, self._seen = {}, set()

    def _give_up(self, error: Exception) -> None:
        """Stop counting, for instance because the folder of the counts is gone: metrics never stop the work."""
        self.stop()
        log.warning("%s is not counted any more: %s", self.name, error)

    @abstractmethod
    def _make(self) -> Any:
        """The metric of prometheus_client."""

    def _child(self, values: Values) -> Any:
        """The child of prometheus_client for these values of the labels, without the role."""
        child = self._children.get(values)
        if child is None:
            chosen = self._cap(values)
            child = self._family
            if child is None:  # another thread has stopped it
                return _NOTHING
            if self.labels:
                child = child.labels(*((self._role, *chosen) if self._has_role else chosen))
            if chosen == values:
                self._children[values] = child
        return child

    def _cap(self, values: Values) -> Values:
        at = self._capped
        if at is None or values[at] in self._seen:
            return values
        if len(self._seen) >= MAX_CAPPED_VALUES:
            return (*values[:at], OTHER, *values[at + 1 :])
        self._seen.add(values[at])
        return values


class Counter(Metric):
    """A number that only grows; its name ends with `_total`."""

    kind = "counter"

    def inc(self, *values: str, by: float = 1) -> None:
        """Add `by` for these values of the labels."""
        if self._family is not None and by:
            try:
                self._child(values).inc(by)
            except (OSError, ValueError) as error:
                self._give_up(error)

    def _make(self) -> Any:
        from prometheus_client import Counter as Family

        return Family(self.name, self.about, self.labels, registry=None)


class Gauge(Metric):
    """A number that goes up and down. `merge`: how those of several processes of one tree become one."""

    kind = "gauge"

    def __init__(self, *args: Any, merge: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merge = merge

    def set(self, value: float, *values: str) -> None:
        """Set it for these values of the labels."""
        if self._family is not None:
            try:
                self._child(values).set(value)
            except (OSError, ValueError) as error:
                self._give_up(error)

    def _make(self) -> Any:
        from prometheus_client import Gauge as Family

        mode: Any = f"live{self._merge}"
        return Family(self.name, self.about, self.labels, registry=None, multiprocess_mode=mode)


class Histogram(Metric):
    """How many values were at most as large as each of some bounds."""

    kind = "histogram"

    def __init__(self, *args: Any, buckets: Sequence[float], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._buckets = tuple(buckets)

    @property
    def samples(self) -> Sequence[str]:
        """The names that queries use."""
        return tuple(f"{self.name}_{suffix}" for suffix in ("bucket", "sum", "count"))

    def observe(self, value: float, *values: str) -> None:
        """Count one value."""
        if self._family is not None:
            try:
                self._child(values).observe(value)
            except (OSError, ValueError) as error:
                self._give_up(error)

    def _make(self) -> Any:
        from prometheus_client import Histogram as Family

        return Family(self.name, self.about, self.labels, registry=None, buckets=self._buckets)
