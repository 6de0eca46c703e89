"""Finds the lists of a recorded webhook whose items are a key and a value, for a first mapping. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from signpost.ingress.expression_reader import STEP
from signpost.ingress.sample_reading import ITEM, first_of
from signpost.ingress.scope import BUILT_IN

MAX_KEYS: Final = 100
_KEYS: Final = ("key", "name", "field", "label", "code", "slug")
_VALUES: Final = ("value", "val", "content", "data")
_KEY: Final = re.compile(r"[A-Za-z0-9_.:/ -]{1,80}")
_Loops: TypeAlias = tuple[tuple[str, str], ...]
"""Names for the items of lists, each with the path of its list, outermost first; as under `each` in a mapping."""


@dataclass(frozen=True, slots=True)
class PairList:
    """A list of items like {key: person.ref, value: P-9}. `path`: of the list, as in a mapping; `key` and `value`: the
    names of the members; `keys`: what stands under `key`; `loops`: the lists that it stands inside."""

    path: str
    key: str
    value: str
    keys: tuple[str, ...]
    loops: _Loops = ()

    def names(self) -> dict[str, str]:
        """Return each key by a name that `let` can give its item."""
        found: dict[str, str] = {}
        taken = {*BUILT_IN, ITEM, *(name for name, _ in self.loops)}
        for key in self.keys:
            name = re.sub("[^A-Za-z0-9]+", "_", key).strip("_").lower() or "item"
            while name in found or name in taken:
                name += "_"
            found[name] = key
        return found

    def whole_path(self) -> str:
        """Return the path without the names of `loops`: with a `*` for each list that it stands inside."""
        path = self.path
        for name, outer in reversed(self.loops):
            path = f"{outer}.*{path.removeprefix(name)}"
        return path


def pair_lists(value: Any, path: str = "", loops: _Loops = ()) -> Iterator[PairList]:
    """Yield the lists of keys and values of a body, at any depth. Of one inside another list, the keys are those of
    all items of the outer one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if STEP.fullmatch(name):
                yield from pair_lists(inner, f"{path}.{name}" if path else name, loops)
    elif isinstance(value, list) and path:
        if found := _pair_list(value, path, loops):
            yield found
        name = _name_of_item(path, loops)
        yield from pair_lists(first_of(value), name, (*loops, (name, path)))


def _name_of_item(path: str, loops: _Loops) -> str:
    """The name of an item: of `data.rounds`, `rounds_item`."""
    last = path.rpartition(".")[2].lower().replace("-", "_")
    name = last if last.endswith("_item") else f"{last}_item"
    return f"{name}_{len(loops)}" if name in dict(loops) else name


def _pair_list(items: Sequence[Any], path: str, loops: _Loops) -> PairList | None:
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    key = next((one for one in _KEYS if all(_is_key(item.get(one)) for item in items)), "")
    value = next((one for one in _VALUES if all(one in item for item in items)), "")
    keys = tuple(dict.fromkeys(item[key] for item in items))[:MAX_KEYS] if key else ()
    return PairList(path, key, value, keys, loops) if key and value else None


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
