"""The message contracts as marshmallow classes: events, recommendations, feedback. No transport, no storage."""

from signpost.schemas.cloudevent import dump_event, full_type, load_event, load_own_event
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.problems import InvalidEvent, Problem
from signpost.schemas.recommendation import RecommendationSchema

__all__ = [
    "EVENT_SCHEMAS",
    "InvalidEvent",
    "Problem",
    "RecommendationSchema",
    "dump_event",
    "full_type",
    "load_event",
    "load_own_event",
]
