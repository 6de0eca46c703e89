"""Exceptions of pika and the operating system as errors of ours, in words; the nested originals are for the log."""

import re
from collections.abc import Iterator
from typing import Final

from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import ProbableAccessDeniedError, ProbableAuthenticationError

from signpost.messaging.message import BrokerAway, BrokerMisconfigured

SETTING: Final = "SIGNPOST_BROKER_URL"
_VHOST: Final = re.compile(
    r"NOT_ALLOWED - ((?:access to )?vhost .*?(?:not found|refused for user '[^']*'))(?!.* is down)"
)
_TLS: Final = re.compile(r"\[SSL: ([A-Z0-9_]+)\]")
_TLS_REASONS: Final = ("WRONG_VERSION_NUMBER", "CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE", "PROTOCOL_VERSION")
"""Parts of the reasons of TLS errors that repeat until an operator acts."""


def to_error(error: BaseException) -> BrokerAway:
    """BrokerMisconfigured where only an operator can help, else BrokerAway."""
    cause = innermost(error)
    if refusal := _refusal(cause):
        return BrokerMisconfigured(refusal)
    return BrokerAway(f"RabbitMQ cannot be reached: {_words(cause)}")


def _refusal(cause: BaseException) -> str:
    if isinstance(cause, ProbableAuthenticationError):
        return f"RabbitMQ refuses the user or the password; correct {SETTING}"
    if isinstance(cause, ProbableAccessDeniedError) and (found := _VHOST.search(str(cause.args).replace("\\", ""))):
        return f"RabbitMQ refuses: {found[1]}; correct the virtual host in {SETTING}, or create it and grant access"
    # In TLS 1.3 a client learns after the handshake that its certificate is refused: pika keeps only the text
    found = _TLS.search(str(cause))
    if found and any(reason in found[1] for reason in _TLS_REASONS):
        reason = f"{found[1]} {getattr(cause, 'verify_message', '')}".strip()
        return f"no TLS connection to RabbitMQ: {reason}; check scheme, host, port and certificates of {SETTING}"
    return ""


def innermost(error: BaseException) -> BaseException:
    """The exception at the bottom: pika keeps one in an attribute or among the arguments of another."""
    while inner := next((one for one in _held(error) if isinstance(one, BaseException)), None):
        error = inner
    return error


def _held(error: BaseException) -> Iterator[object]:
    yield getattr(error, "exception", None)
    yield from reversed(getattr(error, "exceptions", ()))
    yield from error.args


def _words(cause: BaseException) -> str:
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    if isinstance(cause, AMQPConnectorStackTimeout):
        return "it accepts connections and does not answer"
    # Some of pika's errors say what they are only in their repr
    return str(cause) or repr(cause)
