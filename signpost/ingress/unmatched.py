"""What of a mapping found nothing in any of its samples, and what it may stand for. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from decimal import Decimal
from typing import Any

from signpost.errors import CallerError
from signpost.ingress.expression_reader import HEADER
from signpost.ingress.expressions import ItemWhere, Path, same
from signpost.ingress.follow_ons import after_gates, after_names
from signpost.ingress.mapping import EventMapping, EventTemplate, Group, Sample, Vendor
from signpost.ingress.scope import BODY, BUILT_IN, Trace
from signpost.ingress.strict_json import loads
from signpost.ingress.translate import event_name
from signpost.ingress.tree import parts_in
from signpost.schemas.fields import json_type
from signpost.suggestions import did_you_mean, nearest
from signpost.yaml_files.problems import Position


def unmatched(vendor: Vendor, trace: Trace) -> Iterator[str]:
    """Yield the paths, headers and conditions that found nothing in any of the samples that `trace` records. Not among
    them are those of events without a sample, and those that could find nothing because one before them did not."""
    seen = events_seen(vendor)
    tried = [mapping for name, mapping in vendor.mappings.items() if name in seen]
    always = (vendor.event, *([vendor.occurrence, vendor.order, vendor.employer] if tried else ()))
    parts = {id(part) for part in parts_in((tried, always))}
    no_lists = dict(_no_lists(tried, trace))
    found = trace.found - no_lists.keys()
    parts -= _not_read(vendor, tried, found)
    names, members = set(_names(parts_in(tried))), set(_members(vendor))
    headers = {name for sample in vendor.samples for name in lower_headers(sample)}
    places: dict[tuple[Position, str, str], bool] = {}
    for place in vendor.places:
        if id(place.part) in parts:
            hint = _of_other_type(place.part, trace)
            excludes_nothing = _excludes_nothing(place.part, hint, trace)
            misspelt = (
                _too_early(place.part, vendor, names)
                or _into_list(place.part, vendor, names)
                or _misspelt(place.part, names, members, headers, trace)
            )
            message = f"{place.text} {'excludes' if hint and excludes_nothing else 'matched'} nothing in any sample"
            key = place.position, message, hint or misspelt or _near_word(place.part, trace)
            if no_list := no_lists.get(id(place.part)):
                key = place.position, no_list, ""
            is_found = id(place.part) in found and not (excludes_nothing and (hint or misspelt))
            places[key] = places.get(key, False) or is_found
    for position, message, hint in sorted(key for key, is_found in places.items() if not is_found):
        yield f"{position}: {message}{hint}"


def events_seen(vendor: Vendor) -> set[str | None]:
    """Return the vendor's events that have a sample."""
    seen: set[str | None] = set()
    for sample in vendor.samples:
        with suppress(CallerError):  # a body that is no JSON is a problem of the sample
            seen.add(event_name(vendor, lower_headers(sample), loads(sample.body())))
    return seen


def lower_headers(sample: Sample) -> dict[str, str]:
    """Return the headers of a sample by lower-case name."""
    return {name.lower(): value for name, value in sample.headers.items()}


def _no_lists(tried: Sequence[EventMapping], trace: Trace) -> Iterator[tuple[int, str]]:
    """Yield the paths, by identity, that find something else where a list is needed, each with what it is."""
    parts = list(parts_in(tried))
    loops = (part.each for part in parts if isinstance(part, EventMapping | EventTemplate))
    lists = [(expression, "each") for each in loops for _, expression in each]
    lists += [(part.items, "item_of") for part in parts if isinstance(part, ItemWhere)]
    for expression, what in lists:
        compared = trace.compared.get(id(expression), ())
        if isinstance(expression, Path) and compared and not any(isinstance(one, list) for one in compared):
            name, kind = ".".join(expression.steps), json_type(compared[0])
            yield id(expression), f"{name!r} is {kind}, and {what} needs a list"


def _not_read(vendor: Vendor, tried: Sequence[EventMapping], matched: Set[int]) -> set[int]:
    """The parts that could find nothing because one before them found nothing."""
    own = {id(place.part) for place in vendor.places}
    templates = [template for mapping in tried for group in mapping.groups for template in group.templates]
    last = {id(part) for one in templates for part in parts_in((one.time, one.terms, one.custom, one.as_of, one.id))}
    found = after_gates(tried, own, matched) | after_names(tried, own, matched)
    return found if last & matched else found | {id(part) for part in parts_in((vendor.order, vendor.employer))}


def _names(parts: Iterable[object]) -> Iterator[str]:
    """Yield the names of `let` and `each`."""
    for part in parts:
        if isinstance(part, EventMapping | Group):
            yield from part.let
        if isinstance(part, EventMapping | EventTemplate):
            yield from dict(part.each)


def _members(vendor: Vendor) -> Iterator[str]:
    """Yield the names of all members of the samples."""
    for sample in vendor.samples:
        with suppress(CallerError):
            yield from _members_in(loads(sample.body()))


def _members_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _members_in(inner)


def _of_other_type(part: object, trace: Trace) -> str:
    """What the samples have in place of the text, number or truth value that a condition expects; first what differs
    by quotes alone."""
    if not isinstance(part, tuple):
        return ""
    texts = {str(value).casefold() for value in part[2]}
    found = sorted(trace.compared.get(id(part), ()), key=lambda value: str(value).casefold() not in texts)
    hints = [_hint_at_type(one, part[2]) for one in found]
    return next((hint for hint in hints if hint), "")


def _near_word(part: object, trace: Trace) -> str:
    """The word of the samples that a condition may mean by one that none of them has."""
    if not isinstance(part, tuple) or part[1] not in ("in", "has"):
        return ""
    found = [word for one in trace.compared.get(id(part), ()) for word in (one if isinstance(one, list) else [one])]
    words = sorted({word for word in found if isinstance(word, str)})
    hints = (did_you_mean(value, words) for value in part[2] if isinstance(value, str))
    return next((hint for hint in hints if hint), "")


def _excludes_nothing(part: object, hint: str, trace: Trace) -> bool:
    """Whether a part is a condition with `not` or `unknown` that holds for every sample: none has the path, or all have
    another type."""
    if not isinstance(part, tuple) or part[1] not in ("not in", "unknown"):
        return False
    compared = trace.compared.get(id(part), ())
    return not compared or bool(hint and not any(same(found, value) for found in compared for value in part[2]))


def _hint_at_type(found: Any, expected: Sequence[Any]) -> str:
    if not isinstance(found, str | int | Decimal):
        return ""
    alike = ("true", "false") if isinstance(found, bool) else (str(found).casefold(),)
    others = [value for value in expected if not (isinstance(found, str) and isinstance(value, bool))]
    same = any(str(value).casefold() in alike and type(value) is not type(found) for value in others)
    shown = json.dumps(found, default=str, ensure_ascii=False)
    if isinstance(found, str):
        return f"; the samples have {shown}, a text: write it in quotes" if same else ""
    if not any(isinstance(value, str) for value in expected):
        return ""
    kind = "a boolean" if isinstance(found, bool) else "a number"
    return f"; the samples have {shown}, {kind}" + (": write it without quotes" if same else "")


def _too_early(part: object, vendor: Vendor, names: Set[str]) -> str:
    """That a path begins with a name of `let` or `each` where none has a value yet."""
    for what, expression in (("event", vendor.event), ("occurrence", vendor.occurrence)):
        if isinstance(part, Path) and part.steps[0] in names and any(one is part for one in parts_in(expression)):
            return f"; {what} is read before let and each, so {part.steps[0]!r} is no name there"
    return ""


def _into_list(part: object, vendor: Vendor, names: Set[str]) -> str:
    """That a path of the body names a member of a list in place of an item."""
    if not isinstance(part, Path) or part.steps[0] in names:
        return ""
    for sample in vendor.samples:
        with suppress(CallerError):
            if hint := _list_in(loads(sample.body()), part.steps[part.steps[0] == BODY :]):
                return hint
    return ""


def _list_in(value: Any, steps: tuple[str, ...]) -> str:
    for index, step in enumerate(steps):
        if isinstance(value, list) and step != "*" and not step.isdigit():
            whole = [".".join([*steps[:index], one, *steps[index:]]) for one in ("*", "0")]
            return (
                f"; {'.'.join(steps[:index]) or 'the body'} is a list, which needs a * or an index: {', '.join(whole)}"
            )
        if step == "*" or not isinstance(value, Mapping | list):
            return ""
        value = value.get(step) if isinstance(value, Mapping) else next(iter(value[int(step[:5]) :]), None)
    return ""


def _misspelt(part: object, names: Set[str], members: Set[str], headers: Set[str], trace: Trace) -> str:
    """What the first step of a path that no sample has may stand for; of a condition, the path that found nothing."""
    is_condition = isinstance(part, tuple)
    path = part[0] if isinstance(part, tuple) and not trace.compared.get(id(part)) else part
    steps = path.steps if isinstance(path, Path) else ()
    known = {*names, *members, *BUILT_IN, BODY}
    for index, step in enumerate(steps):
        if step not in known and not step.isdigit() and step != "*":
            near = nearest(step, members if index else names | members)
            whole = ".".join([*steps[:index], near, *steps[index + 1 :]])
            if near or is_condition or len(steps) > 1:
                return f"; did you mean {whole}?" if near else ""
            return _other_word(step, headers)
    return ""


def _other_word(word: str, headers: Set[str]) -> str:
    """What a word that no sample has as a member may be: a header, or itself."""
    return f"; did you mean {HEADER}{word}?" if word.lower() in headers else f"; a fixed word is {{is: {word}}}"
