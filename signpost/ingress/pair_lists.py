"""Finds the lists of a recorded webhook whose items are a key and a value, for a first mapping. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signpost.ingress.expression_reader import STEP
from signpost.ingress.scope import BUILT_IN

MAX_KEYS: Final = 100
_KEYS: Final = ("key", "name", "field", "label", "code", "slug")
_VALUES: Final = ("value", "val", "content", "data")
_KEY: Final = re.compile(r"[A-Za-z0-9_.:/ -]{1,80}")


@dataclass(frozen=True, slots=True)
class PairList:
    """A list of items like {key: person.ref, value: P-9}. `path`: of the list, as in a mapping; `key` and `value`: the
    names of the members; `keys`: what stands under `key`."""

    path: str
    key: str
    value: str
    keys: tuple[str, ...]

    def names(self) -> dict[str, str]:
        """Return each key by a name that `let` can give its item."""
        found: dict[str, str] = {}
        for key in self.keys:
            name = re.sub("[^A-Za-z0-9]+", "_", key).strip("_").lower() or "item"
            while name in found or name in BUILT_IN:
                name += "_"
            found[name] = key
        return found


def pair_lists(value: Any, path: str = "") -> Iterator[PairList]:
    """Yield the lists of keys and values of a body, except those inside items of lists."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if STEP.fullmatch(name):
                yield from pair_lists(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and path and (found := _pair_list(value, path)):
        yield found


def _pair_list(items: Sequence[Any], path: str) -> PairList | None:
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    key = next((one for one in _KEYS if all(_is_key(item.get(one)) for item in items)), "")
    value = next((one for one in _VALUES if all(one in item for item in items)), "")
    keys = tuple(dict.fromkeys(item[key] for item in items))[:MAX_KEYS] if key else ()
    return PairList(path, key, value, keys) if key and value else None


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
