"""The message contracts as marshmallow classes: events, recommendations, feedback. No transport, no storage."""

from signpost.schemas.cloudevent import dump_event, dump_order, load_event, load_own_event, load_translated
from signpost.schemas.event_attributes import full_type
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.offsets import dump_offsets, written_offsets
from signpost.schemas.problems import InvalidEvent, Problem
from signpost.schemas.recommendation import RecommendationSchema

__all__ = [
    "EVENT_SCHEMAS",
    "InvalidEvent",
    "Problem",
    "RecommendationSchema",
    "dump_event",
    "dump_offsets",
    "dump_order",
    "full_type",
    "load_event",
    "load_own_event",
    "load_translated",
    "written_offsets",
]
