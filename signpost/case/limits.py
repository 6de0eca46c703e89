"""How much one case can hold."""

from collections.abc import Mapping
from typing import Final

MAX_ENTITIES: Final[Mapping[str, int]] = {
    "offer": 30,
    "interview": 60,
    "application": 200,
    "contact": 500,
    "advice": 1000,
}
"""Kind -> maximum entities per case. Well above a real job search; the whole rulebook still evaluates a full case in
about 50 ms (see the decision record). "advice": answers to recommendations."""
