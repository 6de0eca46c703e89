"""What every route shares: who is asking, the body within its bound, the clock, and JSON answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import Headers

from signpost.ingress.cloudevents_http import UnsupportedMediaType
from signpost.ingress.strict_json import MalformedJson, TooLarge
from signpost.names import JSON
from signpost.services.intake.acceptance import EventAcceptor
from signpost.services.intake.limits import Limits
from signpost.services.intake.problems import RateLimited, Unauthorized
from signpost.services.intake.rate import WHEN_BUSY, RateLimit
from signpost.storage import Store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Source, Tenants

if TYPE_CHECKING:
    from signpost.services.intake.delivery_log import Deliveries


@dataclass(frozen=True, slots=True)
class IntakeContext:
    """The parts that routes work with. `clock` gives microseconds since the epoch."""

    store: Store
    acceptor: EventAcceptor
    tenants: Tenants | LiveTenants
    limits: Limits
    clock: Callable[[], int]
    rate: RateLimit | None = None
    deliveries: "Deliveries | None" = None

    def tenant(self) -> str:
        """The tenant of the request's API key; the request counts as one event. Raises Unauthorized, RateLimited."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        tenant = self.tenants.tenant_of_key(key.strip()) if scheme.lower() == "bearer" and key.isascii() else None
        if tenant is None:
            raise Unauthorized("send Authorization: Bearer and an API key of a tenant")
        self.count(tenant, 1)
        return tenant

    @property
    def batch(self) -> int:
        """The most events in one batch: no more than may ever be sent at once."""
        return self.limits.batch if self.rate is None else min(self.limits.batch, self.rate.most)

    def count(self, tenant: str, events: int) -> None:
        """Hold the tenant to its rate. Raises RateLimited, TooLarge."""
        if self.rate is not None and events > 0:
            self.rate.take(tenant, events, self.clock())

    def count_webhook(self, source: Source, events: int) -> None:
        """The same for a delivery whose signature is right, in the way that its sender understands. A delivery that
        would never be sent again is let in. Raises RateLimited, TooLarge."""
        try:
            self.count(source.tenant, max(1, events))
        except RateLimited as error:
            status = WHEN_BUSY.get(source.vendor)
            if status is not None:
                raise RateLimited(error.seconds, status) from None

    def body(self) -> bytes:
        """The raw body. Raises TooLarge (or Werkzeug's like) beyond the limit, UnsupportedMediaType for an encoded one,
        Malformed for one that comes in broken chunks."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("send the body without Content-Encoding")
        try:
            raw = request.get_data(cache=False)
        except (ParseException, OSError) as error:
            raise MalformedJson(f"the body cannot be read: {error}") from None
        # A chunked body has no length to refuse beforehand: Werkzeug stops reading at the limit without a word.
        if request.content_length is None and len(raw) >= self.limits.body:
            raise TooLarge(f"at most {self.limits.body} bytes are accepted")
        return raw


def lowered(headers: Headers) -> Mapping[str, str]:
    """Headers by lower-case name."""
    return {name.lower(): value for name, value in headers.items()}


def reply(document: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(document), status, mimetype=JSON)
