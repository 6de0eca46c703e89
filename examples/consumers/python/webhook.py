"""Verifies a webhook of Signpost by Standard Webhooks, with the standard library alone."""

import base64
import hashlib
import hmac
import time

TOLERANCE_S = 300


def verify(secrets: list[str], headers: dict[str, str], body: bytes, now: float | None = None) -> str:
    """The id of a message that one of the secrets (whsec_...) signed within five minutes. Raises ValueError.

    `headers` by lower-case name; `body`: the bytes as they came, before they are parsed.
    """
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_S:
        raise ValueError("the message is too old, or the clock of this machine is wrong")
    signed = f"{message_id}.{timestamp}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if any(hmac.compare_digest(expected, one) for one in headers["webhook-signature"].split()):
            return message_id
    raise ValueError("no signature fits")
