"""What all routes share: authentication, rate limits, the request body, the clock, and JSON responses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Response, g, request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from signpost.case.event import Event
from signpost.ingress.cloudevents_http import UnsupportedMediaType
from signpost.ingress.strict_json import MalformedJson, TooLarge
from signpost.names import JSON
from signpost.services.intake import prices
from signpost.services.intake.acceptance import EventAcceptor
from signpost.services.intake.limits import Limits
from signpost.services.intake.problems import RateLimited, Unauthorized
from signpost.services.intake.quota import QuotaCheck
from signpost.services.intake.rate import RateLimit, retry_status
from signpost.services.intake.readiness import Readiness
from signpost.storage import Store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Source, Tenants

if TYPE_CHECKING:
    from signpost.services.intake.delivery_log import Deliveries

NO_CODING: Final = ("", "identity", "none", "utf-8", "utf8")
"""Values of Content-Encoding that encode nothing: some clients write the charset there, or nothing."""


@dataclass(frozen=True, slots=True)
class IntakeContext:
    """The parts that routes use. `clock` returns microseconds since the epoch."""

    store: Store
    acceptor: EventAcceptor
    tenants: Tenants | LiveTenants
    limits: Limits
    clock: Callable[[], int]
    quotas: QuotaCheck
    readiness: Readiness
    rate: RateLimit | None = None
    deliveries: "Deliveries | None" = None

    def accept(self, events: Sequence[Event], now: int) -> None:
        """Store events durably, and note them for the log line of the request. Raises NotPersisted."""
        g.events = [*g.get("events", ()), *(event.id for event in events)]
        self.acceptor.accept(events, now)

    def tenant(self) -> str:
        """The tenant of the API key; counts the request as one event. Raises Unauthorized, RateLimited."""
        tenant = self.caller()
        self.charge(tenant, prices.REQUEST, paid=0)
        return tenant

    def caller(self) -> str:
        """The tenant of the API key; counts nothing. Raises Unauthorized."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        tenant = self.tenants.tenant_of_key(key.strip()) if scheme.lower() == "bearer" and key.isascii() else None
        if tenant is None:
            raise Unauthorized("send the header Authorization: Bearer KEY with an API key of a tenant")
        return tenant

    @property
    def max_batch_events(self) -> int:
        """The largest batch: never more than the rate limit accepts at once."""
        limit = self.limits.max_batch_events
        return limit if self.rate is None else min(limit, self.rate.max_events)

    def charge(self, tenant: str, price: int, paid: int = prices.REQUEST) -> None:
        """Count the rest of a request's price, of which `tenant` took a part. A price above the burst takes a full
        bucket. Raises RateLimited."""
        if self.rate is not None and min(price, self.rate.max_events) > paid:
            self.rate.take(tenant, min(price, self.rate.max_events) - paid, self.clock(), price)

    def charge_webhook(self, source: Source, price: int, paid: int = 0) -> None:
        """The same for a verified webhook, with the status after which its vendor retries. Accepts the webhook of a
        vendor that never retries. Raises RateLimited."""
        try:
            self.charge(source.tenant, price, paid)
        except RateLimited as error:
            status = retry_status(source.vendor)
            if status is not None:
                raise RateLimited(error.retry_after_s, status, price) from None

    def body(self) -> bytes:
        """The raw body. Raises TooLarge beyond the limit, UnsupportedMediaType for an encoded body, MalformedJson for
        invalid chunks."""
        codings = request.headers.get("Content-Encoding", "").lower().split(",")
        if any(coding.strip() not in NO_CODING for coding in codings):
            raise UnsupportedMediaType("send the body without Content-Encoding")
        try:
            raw = request.get_data(cache=False)
        except RequestEntityTooLarge:
            raise self._too_large() from None
        except (ParseException, OSError) as error:
            raise MalformedJson(f"cannot read the body: {error}") from None
        # A chunked body has no Content-Length to check first: Werkzeug truncates it at the limit without an error.
        if request.content_length is None and len(raw) >= self.limits.max_body_bytes:
            raise self._too_large()
        return raw

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is too large: at most {self.limits.max_body_bytes} bytes are accepted")


def lowercase_headers(headers: Headers) -> Mapping[str, str]:
    """Headers by lower-case name."""
    return {name.lower(): value for name, value in headers.items()}


def reply(document: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(orjson.dumps(document), status, mimetype=JSON)
