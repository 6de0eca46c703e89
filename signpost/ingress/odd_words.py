"""Words of a delivery that no condition of its mapping names, such as a new status: why it emits nothing. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from signpost.ingress.expressions import Condition, Expected, Path
from signpost.ingress.mapping import EventMapping, Vendor
from signpost.ingress.redaction import is_kind, redact
from signpost.ingress.scope import Trace


def odd_words(vendor: Vendor, name: str, trace: Trace) -> Iterator[str]:
    """Yield the path of each word of an event that no condition on the path names. `trace`: what its conditions were
    compared with. The word is told where the delivery log shows it, under a key for words, and as the kind of an item:
    like the name of an event. What `ignored` names is known too: the kinds of items that are not wanted."""
    known = _words_of(vendor)
    found: dict[tuple[str, ...], list[Expected]] = {}
    for steps, _, part in _comparisons(vendor.mappings[name]):
        if part[1] == "in":  # that a word is not another one says nothing of it
            found.setdefault(steps, []).append(part)
    for steps, parts in found.items():
        values = [value for part in parts for value in trace.compared.get(id(part), ())]
        texts = (one for one in values if isinstance(one, str) and one not in vendor.ignored)
        odd = next((one for one in texts if one.casefold() not in known[steps]), None)
        if odd is not None and not any(id(part) in trace.found for part in parts):
            is_shown = redact(odd, steps[-1]) == odd or _is_kind(odd, steps, vendor.mappings[name])
            yield f"{'.'.join(steps)}{f' {odd!r}' if is_shown else ''} is none of their words"


def _is_kind(word: str, steps: tuple[str, ...], mapping: EventMapping) -> bool:
    """Whether a word tells which of several events an item is: all of them compare its path with words."""
    templates = [template for group in mapping.groups for template in group.templates]
    compared = [{found[0] for found in _in_conditions([template.when])} for template in templates]
    is_of_item = steps[0] in dict(mapping.each) and len(templates) > 1
    return (
        is_of_item and all(steps in one for one in compared) and all(is_kind(word, key) for key in steps[1:] or ("",))
    )


@lru_cache(maxsize=100)
def _words_of(vendor: Vendor) -> Mapping[tuple[str, ...], frozenset[str]]:
    """Path -> the words with which the conditions of all events compare it."""
    words: dict[tuple[str, ...], frozenset[str]] = {}
    for steps, named, _ in (found for mapping in vendor.mappings.values() for found in _comparisons(mapping)):
        words[steps] = words.get(steps, frozenset()) | named
    return words


def _comparisons(mapping: EventMapping) -> Iterator[tuple[tuple[str, ...], frozenset[str], Expected]]:
    """The path, the words and the part of each condition (`when`) that compares a path with words."""
    templates = (template for group in mapping.groups for template in group.templates)
    yield from _in_conditions([mapping.when, *(template.when for template in templates)])


def _in_conditions(conditions: Iterable[Condition]) -> Iterator[tuple[tuple[str, ...], frozenset[str], Expected]]:
    for condition in conditions:
        for expected in (one for branch in condition for one in branch):
            texts = frozenset(value.casefold() for value in expected[2] if isinstance(value, str))
            if texts and isinstance(expected[0], Path) and expected[1] in ("in", "not in"):
                yield expected[0].steps, texts, expected
