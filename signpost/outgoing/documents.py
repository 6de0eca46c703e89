"""Endpoints and attempts as JSON, for HTTP, the command line and pages. Never with a secret."""

from typing import Any

from signpost.case.instant import SECOND, format_instant
from signpost.storage import AttemptRow, EndpointCounts, EndpointRow


def state_of(endpoint: EndpointRow) -> str:
    """disabled, failing or enabled."""
    return "disabled" if not endpoint.enabled else "failing" if endpoint.failing_since is not None else "enabled"


def endpoint_document(endpoint: EndpointRow, counts: EndpointCounts | None, now: int) -> dict[str, Any]:
    """An endpoint with what waits for it; the number of secrets that sign, not the secrets."""
    waiting = counts or EndpointCounts()
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "patterns": list(endpoint.patterns),
        "every_change": endpoint.every_change,
        "state": state_of(endpoint),
        "reason": endpoint.reason,
        "created": format_instant(endpoint.created),
        "changed": format_instant(endpoint.changed),
        "last_success": _instant(endpoint.last_success),
        "failing_since": _instant(endpoint.failing_since),
        "next_attempt": _instant(endpoint.paused_until) if endpoint.enabled and endpoint.paused_until > now else None,
        "waiting": waiting.waiting,
        "oldest_s": None if waiting.oldest is None else round(waiting.oldest / SECOND, 1),
        "set_aside": waiting.set_aside,
        "secrets": len(endpoint.secrets(now)),
    }


def attempt_document(attempt: AttemptRow) -> dict[str, Any]:
    """An attempt; `response`: the beginning of the body, what is not UTF-8 replaced."""
    return {
        "message": attempt.message_id,
        "candidate": attempt.case_key or None,
        "number": attempt.number,
        "at": format_instant(attempt.at),
        "duration_ms": round(attempt.duration / 1000),
        "outcome": attempt.outcome,
        "status": attempt.status,
        "detail": attempt.detail,
        "response": attempt.response.decode("utf-8", "replace"),
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else format_instant(at)
