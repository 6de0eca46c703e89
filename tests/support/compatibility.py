"""Compares JSON Schemas for compatibility: structurally, for the keywords that this project generates.

`narrowed` lists what the earlier schema accepts and today's may reject: that breaks senders.
`widened` lists what today's schema allows and the earlier one does not: that breaks readers.
Adding a field breaks neither; removing a field breaks both.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Any
MIN_KEYWORDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
MAX_KEYWORDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EQUAL_KEYWORDS = ("pattern", "format", "not", "propertyNames", "uniqueItems")
BRANCHES = ("anyOf", "oneOf")
NOTES = (
    "title",
    "description",
    "$schema",
    "$id",
    "$defs",
    "default",
    "examples",
    "example",
    "discriminator",
    "components",
)
KNOWN = {
    *MIN_KEYWORDS,
    *MAX_KEYWORDS,
    *EQUAL_KEYWORDS,
    *BRANCHES,
    *NOTES,
    "type",
    "enum",
    "const",
    "$ref",
    "required",
    "properties",
    "items",
}
KNOWN |= {"additionalProperties"}


def narrowed(then: Schema, now: Schema) -> list[str]:
    """Return why `now` may reject a document that `then` accepts, and the removed fields."""
    return list(Comparison(then, now, reverse=False).of(then, now, ""))


def widened(then: Schema, now: Schema) -> list[str]:
    """Return what `now` allows in a document and `then` does not, and the removed fields."""
    return list(Comparison(now, then, reverse=True).of(now, then, ""))


def http_breaks(then: Schema, now: Schema) -> Iterator[str]:
    """Yield what today's OpenAPI document breaks: operations, their parameters and bodies, their responses."""
    for path, item in then["paths"].items():
        for method, operation in item.items():
            today = now["paths"].get(path, {}).get(method)
            name = f"{method.upper()} {path}"
            found = _operation(operation, today, then, now) if today else ["is gone"]
            yield from (f"{name}: {difference}" for difference in found)


def _operation(then: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    before, after = ({(it["in"], it["name"]): it for it in side.get("parameters", ())} for side in (then, now))
    for where, parameter in (before | after).items():
        if where not in after:
            yield f"{where[1]} is no parameter any more"
        elif after[where].get("required") and not before.get(where, {}).get("required"):
            yield f"the parameter {where[1]} is required now"
        elif where in before:
            yield from _prefix(f"parameter {where[1]}", narrowed(parameter["schema"], after[where]["schema"]))
    yield from _contents("body", then.get("requestBody", {}), now.get("requestBody", {}), narrowed, old, new)
    for status, answer in then["responses"].items():
        if status not in now["responses"]:
            yield f"never answers {status} any more"
        else:
            yield from _contents(f"answer {status}", answer, now["responses"][status], widened, old, new)


def _contents(what: str, then: Schema, now: Schema, compare: Any, old: Schema, new: Schema) -> Iterator[str]:
    for media_type, media in then.get("content", {}).items():
        if media_type not in now.get("content", {}):
            yield f"{what}: {media_type} is gone"
            continue
        sides = [(media, old), (now["content"][media_type], new)]
        schemas = [{**side.get("schema", {}), "components": document["components"]} for side, document in sides]
        yield from _prefix(f"{what}, {media_type}", compare(*schemas))


def _prefix(where: str, differences: list[str]) -> Iterator[str]:
    return (f"{where}: {difference}" for difference in differences)


class Comparison:
    """Compares a schema (`wide`) with one that must accept as much (`narrow`). References resolve in `roots`."""

    def __init__(self, wide: Schema, narrow: Schema, *, reverse: bool) -> None:
        self.roots, self.reverse = (wide, narrow), reverse
        self._open: set[tuple[str, str]] = set()

    def of(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        """Yield every difference by which `narrow` accepts less, at the JSON pointer `at`. Schemas may be recursive."""
        pair = (_reference(wide), _reference(narrow))
        if all(pair) and pair in self._open:
            return
        self._open.add(pair)
        yield from self._of(_resolve(wide, self.roots[0]), _resolve(narrow, self.roots[1]), at)
        self._open.discard(pair)

    def _of(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        if wide is False or narrow is True or narrow == {}:
            return
        if narrow is False or wide is True:
            yield f"{at or '/'}: nothing may stand here any more" if narrow is False else f"{at or '/'}: is limited now"
            return
        if unknown := (wide.keys() | narrow.keys()) - KNOWN:
            yield f"{at or '/'}: this comparison does not know {', '.join(sorted(unknown))}: teach it"
        yield from self._branches(wide, narrow, at)
        yield from _types(wide, narrow, at)
        yield from _limits(wide, narrow, at)
        yield from self._object(wide, narrow, at)
        if "items" in narrow and "array" in (_kinds(wide) or {"array"}):
            yield from self.of(wide.get("items", True), narrow["items"], f"{at}/[]")

    def _branches(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        ours = [branch for name in BRANCHES for branch in wide.get(name, ())]
        theirs = [branch for name in BRANCHES for branch in narrow.get(name, ())]
        if not theirs:
            for branch in ours if not _is_plain(narrow) else ():
                yield from self.of({**_plain(wide), **_resolve(branch, self.roots[0])}, narrow, at)
            return
        for branch in ours or _by_type(wide):
            yield from self._fits(branch, theirs, at)

    def _fits(self, branch: Schema, theirs: list[Schema], at: str) -> Iterator[str]:
        """Yield nothing if one of their branches accepts ours; else the differences from the nearest branch."""
        nearest: list[str] | None = None
        for their in sorted(theirs, key=lambda it: _reference(it) != _reference(branch)):
            found = list(self.of(branch, their, at))
            if not found:
                return
            nearest = found if nearest is None or len(found) < len(nearest) else nearest
        yield from nearest or ()

    def _object(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        ours, theirs = wide.get("properties", {}), narrow.get("properties", {})
        for name in sorted(ours.keys() | theirs.keys()):
            if name in ours and name in theirs:
                yield from self.of(ours[name], theirs[name], f"{at}/{name}")
            elif name in (theirs if self.reverse else ours):
                yield f"{at}/{name}: is removed"
        for name in sorted(set(narrow.get("required", ())) - set(wide.get("required", ()))):
            if name in ours or name not in theirs or not self.reverse:
                yield f"{at}/{name}: is not always there any more" if self.reverse else f"{at}/{name}: is required now"
        rest, allowed = wide.get("additionalProperties", True), narrow.get("additionalProperties", True)
        if rest is not False and not (self.reverse and allowed is False):
            yield from self.of(rest, allowed, f"{at}/*")


def _by_type(schema: Schema) -> list[Schema]:
    """A schema of several types as branches of one type each."""
    kinds = schema.get("type")
    plain = _plain(schema)
    return [{**plain, "type": kind} for kind in kinds] if isinstance(kinds, list) else [plain]


def _reference(schema: Schema) -> str:
    return schema.get("$ref", "") if isinstance(schema, Mapping) else ""


def _resolve(schema: Schema, root: Schema) -> Schema:
    while isinstance(schema, Mapping) and "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in BRANCHES}


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema has no keywords besides notes."""
    return not schema.keys() - set(NOTES)


def _types(wide: Mapping[str, Any], narrow: Mapping[str, Any], at: str) -> Iterator[str]:
    values, allowed = _values(wide), _values(narrow)
    if allowed is not None:
        lost = ["any value"] if values is None else [repr(value) for value in values if value not in allowed]
        if lost and not any(name in wide for name in BRANCHES):
            yield f"{at or '/'}: {', '.join(lost)} became {allowed}"
    kinds, kept = _kinds(wide), _kinds(narrow)
    if kept is not None and kinds is not None and (gone := kinds - kept - ({"integer"} if "number" in kept else set())):
        yield f"{at or '/'}: {', '.join(sorted(gone))} is not among {sorted(kept)}"
    if kept is not None and kinds is None and not any(name in wide for name in BRANCHES):
        yield f"{at or '/'}: any type became {sorted(kept)}"


def _values(schema: Mapping[str, Any]) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _kinds(schema: Mapping[str, Any]) -> set[str] | None:
    """Return the JSON types that a schema allows, by its type or its values; None for all."""
    types = schema.get("type")
    if types is None:
        values = _values(schema)
        return None if values is None else {_KINDS.get(type(value), "object") for value in values}
    return {types} if isinstance(types, str) else set(types)


_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", list: "array"}


def _limits(wide: Mapping[str, Any], narrow: Mapping[str, Any], at: str) -> Iterator[str]:
    """Limits of `narrow` must not be tighter; keywords without an order must be equal."""
    if _values(wide) is not None:
        return
    for name in MIN_KEYWORDS:
        if name in narrow and wide.get(name, float("-inf")) < narrow[name]:
            yield f"{at or '/'}: {name} {wide.get(name, 'none')} became {narrow[name]}"
    for name in MAX_KEYWORDS:
        if name in narrow and wide.get(name, float("inf")) > narrow[name]:
            yield f"{at or '/'}: {name} {wide.get(name, 'none')} became {narrow[name]}"
    for name in EQUAL_KEYWORDS:
        if name in narrow and wide.get(name) != narrow[name]:
            yield f"{at or '/'}: {name} {wide.get(name, 'none')} became {narrow[name]}"
