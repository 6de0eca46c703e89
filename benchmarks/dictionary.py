"""Trains the dictionary of stored messages: `python -m benchmarks.dictionary FILE`, with zstandard.

The samples are all messages of the rulebook's timelines, and the advice of their cases. A dictionary that was released
never changes; a new one gets the next number in `signpost/storage/dictionaries`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import zstandard

from signpost.advice.case_set import CaseSet
from signpost.advice.messages import to_cloudevent
from signpost.authoring.timelines import find_timelines
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load

RULES = Path(__file__).parents[1] / "rules"
SIZE = 65_536


def samples() -> Iterator[bytes]:
    """What a database stores when the timelines happen."""
    engine = CompiledEngine(load(RULES))
    for timeline in find_timelines([RULES]):
        case_set = CaseSet(engine, "acme", {})
        for arrival in timeline.arrivals:
            for key, change in case_set.handle(arrival.event, arrival.at):
                yield orjson.dumps(to_cloudevent(change, tenant="acme", key=key, now=arrival.at))
        yield from (case.advice_state for case in case_set.cases.values() if case.advice_state)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(zstandard.train_dictionary(SIZE, list(samples())).as_bytes())
