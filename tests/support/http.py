"""One HTTP client for all tests: `httpx.get` reads the certificates of the machine for each request, for 18 ms."""

from typing import Final

import httpx

HTTP: Final = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
"""Each request has a connection of its own, so that none meets one of a process that has ended."""
