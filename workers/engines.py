"""The engine of each tenant: one for all that share their parameters, made once."""

from collections.abc import Callable, Mapping

import orjson

from signpost.advice import Engine
from signpost.rulebook import Params


class Engines:
    """Engines by tenant. Not for several threads at once."""

    def __init__(self, make: Callable[[Params], Engine], params: Mapping[str, Params] | None = None) -> None:
        """`make` loads the rulebook with parameters and raises RulebookError; `params`: those of tenants that set any.

        Every engine is made here, so that a wrong parameter stops the process before its first event.
        """
        self._made: dict[bytes, Engine] = {}
        self._default = self._engine(make, {})
        self._own = {tenant: self._engine(make, own) for tenant, own in (params or {}).items()}

    def of(self, tenant: str) -> Engine:
        """The engine for a tenant's cases."""
        return self._own.get(tenant, self._default)

    def _engine(self, make: Callable[[Params], Engine], params: Params) -> Engine:
        key = orjson.dumps(params, option=orjson.OPT_SORT_KEYS)
        if key not in self._made:
            self._made[key] = make(params)
        return self._made[key]
