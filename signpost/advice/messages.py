"""Converts a change of a recommendation to a CloudEvent and its routing key. Pure."""

from typing import Any

from signpost.advice.advise import RecommendationChange
from signpost.case.instant import format_instant
from signpost.names import JSON
from signpost.schemas.event_attributes import full_type

SOURCE = "signpost"


def to_cloudevent(change: RecommendationChange, *, tenant: str, key: str, now: int) -> dict[str, Any]:
    """The CloudEvent of one change; a retry has the same id."""
    return {
        "specversion": "1.0",
        "id": f"{change.id}.{change.sequence}",
        "source": SOURCE,
        "type": full_type(f"recommendation.{change.change}"),
        "time": format_instant(now),
        "subject": key,
        "datacontenttype": JSON,
        "tenant": tenant,
        "link": f"/v1/recommendations/{change.id}",
        "data": change.data,
    }


def routing_key(change: RecommendationChange, tenant: str) -> str:
    """`{tenant}.{audience}.{topic}.{priority}.{change}`."""
    return f"{tenant}.{change.audience}.{change.topic}.{change.priority}.{change.change}"
