"""What schemathesis cannot know: why a request that the schema allows can be refused, and how a batch refuses.

A refusal is explained only by its own words. Any other refusal of valid data is a failure: mend the schema, or explain.
"""

import json
import re
from typing import Any, Final

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

EXPLAINED: Final = {
    "a cursor is opaque: only the `next` of an earlier response is one": (
        "must be the `next` of an earlier response",
        "must be the `next` of the page before",
        "is not a cursor of this feed",
    ),
    "a schema has no clock": (
        "must be between now and 400 days from now",
        "must be in the future",
        "is more than 5 minutes ahead of the receiver's clock",
    ),
    "a schema does not know what is stored, and how much work it is": (
        "the candidate has 20 links",
        "is too large: ",
        "the tenant has no recommendation with this id",
    ),
    "a schema does not know whose key it is": ("must begin with [a-z0-9-]+: ",),
    "no schema compares two values": (
        "is repeated",  # after white space is collapsed
        'must be two local times like "21:00 to 07:30"',
        "must be between `at` and 366 days later",
        "differs from the application in the subject",
    ),
    "no schema of OpenAPI makes one parameter depend on another": ("with audience=employer",),
    "v1 allows more in its schema than it ever took, and a schema of v1 is never narrowed": (
        "^/events/[0-9]+/",  # any object, in a simulation
        "is required with snoozed",
        "must name offer or application",
        "must be application/json",
        "must be an id of 1 to 128 characters, or",
        "must be the id of a person",
        "is missing; name the candidate or send at least one event",
        "the year must be from 1970 to 9998",
        "/notice_period_[a-z]+ must be at most",
        "must be within the years 1970 to 9999",
        "must not contain (control characters|the NUL|lone surrogates|noncharacters|spaces)",
        "an extension attribute must be a string, a boolean or a 32-bit integer",
        "is not a CloudEvents attribute",
        "the header ce-[a-z]+ is not percent-encoded UTF-8",
        "must be an? (absolute )?URI",
    ),
    "standards name the values": ("ISO 3166", "ISO 4217", "IANA time zone", "there is no such"),
    "bytes and characters differ": ("must have at most 255 bytes",),
}
"""Why no schema says it -> the pointer and what the refusal says, as regular expressions."""
_EXPLAINED: Final = re.compile("|".join(pattern for patterns in EXPLAINED.values() for pattern in patterns))
EVENTS: Final = "/v1/events"
UNREAD: Final = (414, 431)
"""An address or headers are too long as a whole, however short each part is."""


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Return whether a failure is one."""
    if isinstance(failure, RejectedPositiveData):
        if case.operation.path == EVENTS and case.media_type == "application/json":
            return bool(
                response.status_code != 422
            )  # Binary mode: the schema of `data` is that of the header `ce-type`
        return response.status_code not in UNREAD and not all(map(_is_explained, _problems(response)))
    if isinstance(failure, AcceptedNegativeData) and case.operation.path == EVENTS:
        return not (_refuses_an_event(response) or _has_null_for_data(case.body))
    return True


def _problems(response: Any) -> list[dict[str, str]]:
    document = json.loads(response.content)
    return document.get("errors") or [{"pointer": "", "detail": document["detail"]}]


def _is_explained(problem: dict[str, str]) -> bool:
    return _EXPLAINED.search(f"{problem['pointer']} {problem['detail']}") is not None


def _refuses_an_event(response: Any) -> bool:
    """Whether the response to a batch refuses some of its events; the status is 207 then."""
    items = json.loads(response.content).get("items", [])
    return response.status_code == 207 and any(item["status"] == 422 for item in items)


def _has_null_for_data(body: Any) -> bool:
    """Whether an event has null where its schema has an object that can be left out; null means the same in v1."""
    events = body if isinstance(body, list) else [body]
    return any(isinstance(event, dict) and event.get("data", 0) is None for event in events)
