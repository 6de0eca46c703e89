"""The tree of errors: three branches by what to do about them. Specific errors live in their modules."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SHORTAGES: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC))


class SignpostError(Exception):
    """Root of every error that Signpost raises on purpose."""


class CallerError(SignpostError):
    """The caller's fault: a 4xx response or a dead letter; never retried."""


class TransientError(SignpostError):
    """A temporary failure: retried, or a 503 response with Retry-After."""


class MisconfiguredError(TransientError):
    """A server rejects a setting until an operator corrects it. A starting process exits with code 2; a running one
    retries as after any TransientError, because the server may be under maintenance."""


class OutOfResources(TransientError):
    """The operating system has no descriptor, no memory or no disk space for this process at the moment."""


class BugError(SignpostError):
    """An invariant of Signpost is broken: crash."""


def shortage(error: OSError) -> OutOfResources | None:
    """The error to raise instead of one that only says what the machine is short of; None for any other."""
    if error.errno not in _SHORTAGES:
        return None
    return OutOfResources(f"{error.strerror}: raise this limit of the process, or free what uses it up")


@contextmanager
def translate_shortages() -> Iterator[None]:
    """Turn each OSError of a shortage into OutOfResources, which is retried as a server that is away is."""
    try:
        yield
    except OSError as error:
        if short := shortage(error):
            raise short from error
        raise
