"""TLS of an amqps:// URL: the files in its query, named as in RabbitMQ's own URLs. Opens no connection."""

import ssl
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from pika import SSLOptions

from signpost.messaging.message import BrokerMisconfigured
from signpost.messaging.rabbitmq.failures import SETTING

FILES: Final = ("cacertfile", "certfile", "keyfile")


def split_tls(url: str) -> tuple[str, SSLOptions | None]:
    """The URL without `cacertfile`, `certfile` and `keyfile`, and the TLS options; None for amqp://.

    Without `cacertfile` the certificates of the system are trusted. Host name and certificate are always checked.
    Raises BrokerMisconfigured.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    files = {name: value for name, value in query if name in FILES}
    rest = parts._replace(query=urlencode([(name, value) for name, value in query if name not in FILES])).geturl()
    if parts.scheme != "amqps":
        if files:
            raise BrokerMisconfigured(f"{', '.join(files)} in {SETTING} needs amqps://")
        return rest, None
    return rest, SSLOptions(_context(files), parts.hostname)


def _context(files: dict[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=files.get("cacertfile"))
        if "certfile" in files:
            context.load_cert_chain(files["certfile"], files.get("keyfile"))
    except (OSError, ValueError) as error:
        named = ", ".join(f"{name} {file}" for name, file in files.items())
        reason = getattr(error, "strerror", None) or error
        raise BrokerMisconfigured(f"no TLS connection to RabbitMQ: {reason}; check {named} in {SETTING}") from error
    return context
