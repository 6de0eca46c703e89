"""Says for which words the items of a delivery emit nothing: a new kind, for example. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from signpost.ingress.expressions import Condition
from signpost.ingress.mapping import Vendor
from signpost.ingress.odd_words import odd_words
from signpost.ingress.receipt import Receipt
from signpost.ingress.scope import MAX_ITEMS, DeliveryScope, Trace
from signpost.ingress.translate import Translator


class SilentItem(NamedTuple):
    """An item that emits nothing. `item`: which of several, or ""; `words`: those that no condition names;
    `is_unknown`: whether the mapping does not know its kind, as it may not know an event."""

    item: str
    words: str
    is_unknown: bool


def silent_items(vendor: Vendor, name: str, receipt: Receipt, silent: Sequence[DeliveryScope]) -> Iterator[SilentItem]:
    """Yield the first of the items that emit nothing for equal words. `silent`: what `translate` found to emit nothing
    of the event `name`; without a loop, the delivery itself."""
    if name not in vendor.mappings:
        return
    told, mapping = set[str](), vendor.mappings[name]
    for scope in silent[:MAX_ITEMS]:
        trace = Trace()  # translated again, because a trace costs time that few deliveries need
        list(Translator(vendor, receipt, []).translate(mapping, replace(scope, trace=trace, notes=[], noted=set())))
        words = ", ".join(odd_words(vendor, name, trace))
        if words and words not in told:
            told.add(words)
            # What `when` beside `on` leaves out is left out on purpose
            yield SilentItem(scope.item, words, bool(mapping.each) and _held(mapping.when, trace))


def _held(condition: Condition, trace: Trace) -> bool:
    return not condition or any(all(id(expected) in trace.found for expected in branch) for branch in condition)
