"""Sends one webhook: resolves, checks and pins the address, signs, posts, reads little of the response.

The request goes to the address that was checked, not to the name, so another answer of the DNS changes nothing. No
redirect is followed, no proxy of the environment is used, no connection is kept.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, Final, TypeAlias

import certifi
import httpx

from signpost.case.instant import SECOND
from signpost.ingress.signature_schemes import SCHEMES
from signpost.ingress.signatures import digest_of
from signpost.names import CLOUDEVENT_JSON
from signpost.outgoing.addresses import Blocked, Network, choose

MAX_RESPONSE_BYTES: Final = 2_048
"""How much of a response is read and kept."""
MAX_ADDRESSES: Final = 2
"""Addresses of a host that are tried in one attempt."""
NAME_THREADS: Final = 32
NOT_PROCESSED: Final = (502, 503)
SCHEME: Final = SCHEMES["standard-webhooks"]
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


@dataclass(slots=True)
class Reply:
    """What became of a request. `outcome`: see storage.Attempt; `reached`: whether the receiver may have the message;
    `retry_after` in microseconds."""

    outcome: str = "failed"
    detail: str = ""
    status: int | None = None
    response: bytes = b""
    reached: bool = False
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request to make. `secrets` as whsec_..., each of which signs."""

    url: str
    secrets: Sequence[str] = field(repr=False)
    message_id: str
    body: bytes = field(repr=False)

    def headers(self, now: int) -> dict[str, str]:
        """The headers by Standard Webhooks, signed at `now` (microseconds)."""
        stamp = str(now // SECOND)
        headers = {"webhook-id": self.message_id, "webhook-timestamp": stamp}
        signatures = [
            SCHEME.prefix + digest_of(SCHEME, SCHEME.key_of(secret), headers, self.body, stamp)
            for secret in self.secrets
        ]
        return {
            **headers,
            "webhook-signature": " ".join(signatures),
            "content-type": CLOUDEVENT_JSON,
            "accept-encoding": "identity",
            "user-agent": f"Signpost/{version('signpost')}",
        }


def resolve_name(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def tls_context() -> ssl.SSLContext:
    """Trusts the certificate authorities of the system, or of SSL_CERT_FILE, and those of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class Sender:
    """Sends webhooks in one event loop. `timeout_s`: of the whole request, name and response included."""

    def __init__(
        self,
        networks: Sequence[Network],
        timeout_s: float,
        resolve: Resolve = resolve_name,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._networks, self._timeout_s, self._resolve = networks, timeout_s, resolve
        self._names = ThreadPoolExecutor(NAME_THREADS, "names")
        self._client = httpx.AsyncClient(
            verify=tls or tls_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close everything."""
        await self._client.aclose()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def send(self, webhook: Webhook, now: int) -> Reply:
        """Post a webhook. Raises nothing that the receiver could cause."""
        reply = Reply()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(webhook, now, reply)
        except TimeoutError:
            reply.detail = f"no complete response within {self._timeout_s:g} s"
        except Blocked as error:
            reply.outcome, reply.detail = "blocked", str(error)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, UnicodeError, ValueError) as error:
            reply.detail = _in_words(error)
        if reply.status is not None:
            _judge(reply)
        return reply

    async def _send(self, webhook: Webhook, now: int, reply: Reply) -> None:
        url = httpx.URL(webhook.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._names, self._resolve, url.host, port)
        addresses = choose(found, self._networks, encrypted=url.scheme == "https")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                await self._post(url, address, webhook, now, reply)
                return
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                reply.detail = _in_words(error)

    async def _post(self, url: httpx.URL, address: str, webhook: Webhook, now: int, reply: Reply) -> None:
        headers = {"host": url.netloc.decode("ascii"), **webhook.headers(now)}
        extensions = {"sni_hostname": url.host, "trace": _note_sent(reply)}
        pinned = url.copy_with(host=address)
        request = self._client.build_request(
            "POST", pinned, content=webhook.body, headers=headers, extensions=extensions
        )
        response = await self._client.send(request, stream=True)
        try:
            reply.status, reply.retry_after = response.status_code, _retry_after(response, now)
            async for chunk in response.aiter_raw():
                reply.response = (reply.response + chunk)[:MAX_RESPONSE_BYTES]
                if len(reply.response) == MAX_RESPONSE_BYTES:
                    break
        finally:
            await response.aclose()


def _note_sent(reply: Reply) -> Callable[[str, Any], Awaitable[None]]:
    """Note when the request is on its way."""

    async def trace(event: str, _info: Any) -> None:
        if event == "http11.send_request_headers.started":
            reply.reached = True

    return trace


def _judge(reply: Reply) -> None:
    """The receiver has answered: its status decides, whatever becomes of the body."""
    status = reply.status or 0
    if 200 <= status < 300:
        reply.outcome = "delivered"
        return
    reply.outcome = "refused"
    kind = "redirects, which is not followed" if 300 <= status < 400 else "refuses the message"
    reply.detail = f"the receiver answered {status}: it {kind}"
    reply.reached = status >= 500 and status not in NOT_PROCESSED


def _retry_after(response: httpx.Response, now: int) -> int | None:
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        return int(text) * SECOND
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp()) * SECOND - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _in_words(error: Exception) -> str:
    """What failed, without the URL, which may have a secret in it."""
    if isinstance(error, socket.gaierror):
        return "the host has no address: the name cannot be resolved"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
