"""Refuses a second body under one signed message. For vendors whose signature does not cover the whole body."""

import logging
from hashlib import sha256

from signpost.errors import TransientError
from signpost.ingress.receiving import WebhookRequest
from signpost.ingress.signatures import InvalidSignature
from signpost.services.intake.rate import retry_status
from signpost.storage import Store

log = logging.getLogger(__name__)


def require_first_body(store: Store, delivery: WebhookRequest, signed: bytes) -> None:
    """Bind `signed`, a message that the vendor signed, to the body of its first request, while its timestamp is valid.

    Raises InvalidSignature for another body. Without a database, raises TransientError if the vendor retries, and
    accepts the webhook of a vendor that does not.
    """
    key = sha256(f"{delivery.source.tenant}\0{delivery.source.name}\0".encode() + signed).digest()
    until = delivery.now + 2 * delivery.source.clock_skew
    try:
        first = store.signed_messages.claim(key, sha256(delivery.raw).digest(), until=until, now=delivery.now)
    except TransientError as error:
        if retry_status(delivery.source.vendor) is not None:
            raise
        log.warning("webhook of source %s accepted without a check for a second body: %s", delivery.source.name, error)
        return
    if not first:
        raise InvalidSignature("this signature was used for another body before; sign each request separately")
