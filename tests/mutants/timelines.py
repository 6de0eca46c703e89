"""The timelines of the rulebook one by one, on one engine. `make test` runs them with both engines in one test, which
is too slow to be repeated for each mutant."""

from pathlib import Path

import pytest

from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.reader import Timeline
from signpost.authoring.timelines.runner import Run, load_variants, params_key
from signpost.engine import CompiledEngine

RULES = Path(__file__).parents[2] / "rules"
TIMELINES = find_timelines([RULES])
ENGINES = {key: CompiledEngine(rulebook) for key, rulebook in load_variants(RULES, TIMELINES).items()}


@pytest.mark.parametrize("timeline", TIMELINES, ids=lambda timeline: timeline.name)
def test_timeline(timeline: Timeline) -> None:
    assert list(Run(timeline, ENGINES[params_key(timeline)]).failures()) == []
