"""The contracts: events and recommendations as marshmallow classes; documents are generated from them."""

from schemas.cloudevent import dump_event, full_type, load_event, load_own_event
from schemas.events import EVENT_SCHEMAS
from schemas.problems import Problem, Refused
from schemas.recommendation import RecommendationSchema

__all__ = [
    "EVENT_SCHEMAS",
    "Problem",
    "RecommendationSchema",
    "Refused",
    "dump_event",
    "full_type",
    "load_event",
    "load_own_event",
]
