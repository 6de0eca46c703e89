"""Finds the lists of a recorded webhook whose items may be events of their own, for a first mapping. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signpost.ingress.expression_reader import STEP


def lists_of_objects(body: Any) -> list[str]:
    """Return the paths of the lists of objects in a body, outermost first: `*` for a body that is one itself."""
    if _is_list_of_objects(body):
        return ["*"]
    return sorted(_paths(body, ""), key=lambda path: path.count("."))


def items_at(body: Any, path: str) -> Sequence[Any]:
    """Return the items of the list at a path of `lists_of_objects`."""
    for step in [] if path == "*" else path.split("."):
        body = body[step]
    return body if isinstance(body, list) else []


def without(body: Any, path: str) -> Any:
    """Return a body without the list at a path of `lists_of_objects`."""
    name, _, rest = path.partition(".")
    others = {key: inner for key, inner in body.items() if key != name}
    return {**others, name: without(body[name], rest)} if rest else others


def texts_at(items: Sequence[Any], path: str) -> list[str]:
    """Return the different texts that items have at a path."""
    return list(dict.fromkeys(text for item in items if isinstance(text := _text_at(item, path), str)))


def _paths(value: Any, path: str) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, Mapping) else ():
        if STEP.fullmatch(name) and name != "*":
            whole = f"{path}.{name}" if path else name
            yield from [whole] if _is_list_of_objects(inner) else _paths(inner, whole)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _text_at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
