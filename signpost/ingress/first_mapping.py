"""Writes a first mapping for one recorded webhook: it passes `sources check`, and says what to fill in. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from signpost.ingress.event_lists import items_at, lists_of_objects, without
from signpost.ingress.event_types import type_of
from signpost.ingress.first_signature import first_signature
from signpost.ingress.pair_lists import PairList, pair_lists
from signpost.ingress.sample_reading import ITEM, SampleReading, describe, has_subject, kinds_in, read_sample

FILL_IN: Final = "FILL IN"
"""Stands in every comment that a person has to act on."""
_PLAIN: Final = re.compile(r"(?:header:)?[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_WORDS: Final = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def first_mapping(name: str, file: str, body: Any, headers: Mapping[str, str], *, emits: bool = True) -> str:
    """Return the text of a mapping NAME.yaml for the sample `file`. `headers`: of the recorded request.

    The event of the sample is listed as ignored without `emits`, and if what it means or whom it is about is unknown.
    """
    found = read_sample(body, {key.lower(): value for key, value in headers.items()})
    kind = type_of(found.item_event or found.event or file.rpartition(".")[0])
    event = found.event or "webhook"
    why = why_ignored(file, body, headers) or "no mapping of it passes the check"
    emits = emits and bool(kind and _candidate(found))
    parts = [
        *_head(name, found, headers),
        *(_events(found, event, kind) if emits else _ignored(event, why, list(_list_of_items(body, found)))),
        *_samples(file, headers, [kind] * _count(found, body) if emits else []),
        *_paths(found),
        *_pairs(body, found.items),
    ]
    return "\n".join(parts) + "\n"


def why_ignored(file: str, body: Any, headers: Mapping[str, str]) -> str:
    """Return why the mapping of this sample begins without an event; "" if it has one."""
    found = read_sample(body, {key.lower(): value for key, value in headers.items()})
    if not type_of(found.item_event or found.event or file.rpartition(".")[0]):
        return "its name says no event type"
    return "" if _candidate(found) else "no id of a candidate or an application was found"


def _count(found: SampleReading, body: Any) -> int:
    """How many items of a list the mapping takes; 1 without a list."""
    items = items_at(body, found.items) if found.items else [body]
    if not found.item_event:
        return len(items)
    return sum(found.item_event == read_sample([item], {}).item_event for item in items)


def _candidate(found: SampleReading) -> str:
    """The path of the candidate's id, else of the application's; "" without both."""
    return found.person or found.id_of("application")


def _head(name: str, found: SampleReading, headers: Mapping[str, str]) -> Iterator[str]:
    yield f"# The webhooks of {name}. Lines with {FILL_IN} need your decision; docs/vendors.md explains every key."
    yield f"# Try it after each change: signpost sources check {name}.yaml"
    yield f"title: {_quote(name.capitalize())}"
    yield f"attested: {_quote('a recorded webhook')}  # {FILL_IN}: who says that webhooks look like this"
    yield f"# {FILL_IN}: how the vendor signs, and which message; docs/vendors.md lists the schemes and their options."
    yield "# With the secret and the recorded signature, `sources check --secret-file FILE` tells if it is right."
    if len(headers) > 1:
        yield "# A header can be part of the signed message, as {header:NAME}. Recorded: " + ", ".join(
            map(_quote, headers)
        )
    yield f"signature: {first_signature(name, headers)}"
    yield _event_line(found)
    if found.patterns or found.unit:
        both = any("/" in one.text for one in found.patterns)
        hint = f"{FILL_IN}: day before month, or MM/DD?" if both else "how days and times are written"
        unit = [f"unit: {found.unit}"] if found.unit else []
        dates = [f"dates: [{', '.join(_quote(one.text) for one in found.patterns)}]"] if found.patterns else []
        yield f"formats: {{{', '.join(unit + dates)}}}  # {hint}"
    if any(one.has_time and not one.has_offset for one in found.patterns):
        yield f"# {FILL_IN}: times have no offset; add `zone: Europe/Paris` to formats, or a time_zone to each source."
    yield f"# {FILL_IN}: what is the same when the vendor sends a webhook again, and differs in a new one: an id of the"
    yield "# occurrence, or a time of modification. `digest` takes an equal body for a repeat."
    yield f"occurrence: {_path(found.occurrence) or 'digest'}"


def _event_line(found: SampleReading) -> str:
    if found.event_path:
        return f"event: {_path(found.event_path)}  # the path of the vendor's name of the event"
    hint = f"{FILL_IN}: the path of the vendor's name of the event; none was found, so all are `webhook`"
    return f"event: {{is: webhook}}  # {hint}"


def _events(found: SampleReading, event: str, kind: str) -> Iterator[str]:
    about = kind.partition(".")[0]
    person = _candidate(found)
    subject = _path(person) if found.person else _quote(f"application:{{{person}}}")
    own = found.id_of(about) or found.content_id() or f"{{{person}}}-{about}"
    time = _time(found, kind)
    if not time:
        yield "order:"
        yield "  receipt:"
        yield f"    {kind}: only the time of receipt is known  # {FILL_IN}: why, or give the event a time"
    yield "events:"
    yield f"  - on: [{_quote(event)}]  # {FILL_IN}: one entry for every event of the vendor that matters"
    if found.items:
        yield f"    each: {{{ITEM}: {_path(found.items)}}}  # every item of the list"
    yield f"    subject: {subject}  # {FILL_IN}: the candidate's id; application:ID if only the application is named"
    yield "    emit:"
    yield f"      - type: {kind}  # {FILL_IN}: what it means; docs/rulebook/fields.md lists all types"
    if found.item_event:
        hint = f"{FILL_IN}: which items; one event like this for each of their kinds"
        yield f"        when: {{{_quote(found.item_event_path)}: {_quote(found.item_event)}}}  # {hint}"
    yield f'        id: "{kind.replace(".", "-")}-{{{person}}}-{{occurrence}}"'
    if time:
        yield f"        time: {time}  # {FILL_IN}: the earliest time at which this can have been true"
    yield f"        data: {{{about}: {_path(own)}}}"
    yield "        # Optional fields, each with the path of its value, for example:"
    yield "        # terms:"
    yield "        #   title: path.of.the.title"


def _time(found: SampleReading, kind: str) -> str:
    time = found.time_of(kind)
    if not time:
        return ""
    leaf = next(leaf for leaf in found.leaves if leaf.path == time)
    pattern = next((one for one in found.patterns if isinstance(leaf.value, str) and one.iso(leaf.value)), None)
    return f"{{day: {_path(time)}}}" if pattern is not None and not pattern.has_time else _path(time)


def _list_of_items(body: Any, found: SampleReading) -> Iterator[str]:
    """The lines about the first list of a body whose items may be events of their own, and what they say happened."""
    lists = [(path, *kinds_in(items_at(body, path))) for path in lists_of_objects(body) if _is_plain(path)]
    found_lists = [one for one in lists if not found.event or (one[1] and not has_subject(body, one[0]))]
    for path, kind, words in sorted(found_lists, key=lambda one: not one[1])[:1]:
        if path != "*" or words:
            yield from _about_list(path, kind, words)


def _about_list(path: str, kind: str, words: Sequence[str]) -> Iterator[str]:
    each, name = f"each: {{{ITEM}: {_path(path)}}}", "The body" if path == "*" else path
    yield f"# {name} is a list, whose items this first mapping does not read. If each is an event of its own,"
    yield f"# write `{each}` beside `on`, and for each of their kinds an event with its"
    if not words:
        yield f"# `when` under `emit`, like {{{ITEM}.kind: hired}}: docs/vendors.md shows it for Hireloop."
        return
    yield "# `when` under `emit`: docs/vendors.md shows it for Hireloop. Ready to use, with the words of the sample:"
    yield f"#    {each}"
    yield from (f"#        when: {{{_path(kind)}: {_path(word)}}}" for word in words)


def _is_plain(path: str) -> bool:
    return path == "*" or bool(_PLAIN.fullmatch(path))


def _ignored(event: str, why: str, lines: list[str]) -> Iterator[str]:
    yield "events: []"
    yield from lines
    yield "ignored:"
    yield f"  # {FILL_IN}: {why}. If it matters, move it to events as in docs/vendors.md"
    yield f"  {_quote(event)}: not mapped yet"


def _samples(file: str, headers: Mapping[str, str], kinds: list[str]) -> Iterator[str]:
    yield "samples:"
    yield f"  - file: {_quote(file)}"
    yield f"    attested: recorded  # {FILL_IN}: replace names in the file, if its signature is not recorded"
    if headers:
        yield "    headers:"
        yield from (f"      {_quote(name)}: {_quote(value)}" for name, value in headers.items())
    yield f"    gives: [{', '.join(kinds)}]"


def _paths(found: SampleReading) -> Iterator[str]:
    yield ""
    yield "# The paths of the sample:"
    yield from (f"#   {leaf.path}: {describe(leaf, found.patterns)}" for leaf in found.leaves)


def _pairs(body: Any, items: str) -> Iterator[str]:
    """The names that `let` can give to the items of lists of keys and values."""
    loop = [f"{ITEM}: {_path(items)}"] if items else []
    for one in _pair_lists(body, items):
        yield ""
        yield f"# The items of {one.whole_path()} are keys and values. Name those that you need beside `on`; the first"
        yield f"# value then has the path {next(iter(one.names()))}.{one.value}:"
        yield from _each(one, loop)
        yield "#    let:"
        for name, key in one.names().items():
            yield f"#      {_path(name)}: {{item_of: {_path(one.path)}, where: {{{one.key}: {_path(key)}}}}}"


def _pair_lists(body: Any, items: str) -> Iterator[PairList]:
    """Those of the first item of the list whose items are events, then those of the rest."""
    if items:
        yield from pair_lists(items_at(body, items)[0], ITEM)
    if isinstance(body, Mapping):
        yield from pair_lists(without(body, items) if items else body)


def _each(pairs: PairList, loop: list[str]) -> Iterator[str]:
    """The loops that reach a list of keys and values inside other lists."""
    if not pairs.loops:
        return
    loops = [*loop, *(f"{name}: {_path(path)}" for name, path in pairs.loops)]
    yield f"#    each: {{{', '.join(loops)}}}  # events of its own for every item;"
    yield f"#    # for one event of all items, no `each`, and `item_of: {pairs.whole_path()}.*`: the first with the key"


def _path(text: str) -> str:
    """A path as YAML; in quotation marks where YAML would read another type, or a template."""
    return text if not text or (_PLAIN.fullmatch(text) and text.lower() not in _WORDS) else _quote(text)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
