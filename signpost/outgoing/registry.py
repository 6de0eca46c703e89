"""Makes and checks endpoints, for the command line and for HTTP. Stores nothing, draws nothing at random."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from signpost.advice.messages import SOURCE
from signpost.case.instant import DAY, format_instant
from signpost.errors import CallerError
from signpost.messaging.pattern_words import unknown_word
from signpost.names import JSON
from signpost.outgoing.addresses import BadUrl, Network, check_url
from signpost.schemas import InvalidEvent, Problem
from signpost.schemas.event_attributes import full_type
from signpost.storage import Announcement, EndpointRow, Item
from signpost.storage.endpoint_rows import TEST

MAX_ENDPOINTS: Final = 100
"""Endpoints of one tenant."""
MAX_PATTERNS: Final = 20
OVERLAP_US: Final = DAY
"""For how long both secrets sign after a rotation, unless asked otherwise."""
SECRET_BYTES: Final = 32
_PATTERN: Final = re.compile(
    r"(?:(?:agenda|questions):)?([A-Za-z0-9_-]+|[*#])(?:\.(?:[A-Za-z0-9_-]+|[*#])){0,5}", re.ASCII
)


class InvalidEndpoint(InvalidEvent):
    """The endpoint cannot be added."""


class NoEndpoint(CallerError):
    """There is no endpoint of this id."""


def secret_of(random: bytes) -> str:
    """A Standard Webhooks secret of SECRET_BYTES random bytes."""
    return "whsec_" + base64.b64encode(random).decode()


def tenant_of(patterns: Sequence[str]) -> str:
    """The one tenant that all patterns begin with. Raises InvalidEndpoint."""
    found = {match[1] for pattern in patterns if (match := _PATTERN.fullmatch(pattern))}
    if len(found) != 1 or found & {"*", "#"}:
        raise InvalidEndpoint(
            [Problem("/patterns", "all patterns must begin with the same tenant, like acme.candidate.#")]
        )
    return found.pop()


def new_endpoint(
    tenant: str,
    name: str,
    url: str,
    patterns: Sequence[str],
    *,
    secret: str,
    every_change: bool,
    networks: Sequence[Network],
    now: int,
) -> EndpointRow:
    """An endpoint of a tenant. Raises InvalidEndpoint."""
    if problems := problems_in({"url": url, "patterns": patterns}, tenant, networks):
        raise InvalidEndpoint(problems)
    return EndpointRow(
        tenant, name, url, tuple(dict.fromkeys(patterns)), every_change, created=now, changed=now, secret=secret
    )


def problems_in(wanted: Mapping[str, Any], tenant: str, networks: Sequence[Network]) -> list[Problem]:
    """What is wrong with the `url` and the `patterns` of an endpoint, as far as they are given."""
    found = list(_pattern_problems(tenant, wanted["patterns"])) if "patterns" in wanted else []
    try:
        if "url" in wanted:
            check_url(wanted["url"], networks)
    except BadUrl as error:
        found.append(Problem("/url", str(error)))
    return found


def check_patterns(tenant: str, patterns: Sequence[str]) -> None:
    """Raises InvalidEndpoint for a text that is no pattern, matches nothing, or is of another tenant."""
    if problems := list(_pattern_problems(tenant, patterns)):
        raise InvalidEndpoint(problems)


def _pattern_problems(tenant: str, patterns: Sequence[str]) -> Iterator[Problem]:
    if not 1 <= len(patterns) <= MAX_PATTERNS:
        yield Problem("/patterns", f"must have 1 to {MAX_PATTERNS} patterns")
    for number, pattern in enumerate(patterns):
        match = _PATTERN.fullmatch(pattern)
        if match is None or match[1] != tenant:
            yield Problem(
                f"/patterns/{number}",
                f"must begin with {tenant}: {tenant}.AUDIENCE.TOPIC.PRIORITY.CHANGE with * and #, or "
                f"agenda:{tenant}.AUDIENCE.PRIORITY",
            )
        elif problem := unknown_word(pattern):
            yield Problem(f"/patterns/{number}", problem)


def test_message(endpoint: EndpointRow, name: str, now: int) -> tuple[Announcement, Item]:
    """A message that only says that it arrives."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": name,
        "source": SOURCE,
        "type": full_type("endpoint.test"),
        "time": format_instant(now),
        "subject": endpoint.id,
        "datacontenttype": JSON,
        "tenant": endpoint.tenant,
        "data": {"endpoint": endpoint.id, "patterns": list(endpoint.patterns)},
    }
    return Announcement(endpoint.tenant, "", "", name, now, orjson.dumps(document)), Item(TEST, 1, False)
