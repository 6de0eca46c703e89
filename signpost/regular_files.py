"""Reads regular files within a limit: no device, pipe or endless file blocks a process or fills its memory."""

import errno
import os
from pathlib import Path
from stat import S_ISREG


def read_regular(path: Path, max_bytes: int) -> bytes:
    """At most `max_bytes` + 1 bytes, so that a result of more than `max_bytes` is a file that is too large.

    Raises OSError if it is not a regular file or cannot be read.
    """
    try:
        _check(os.stat(path))  # before opening it: opening a device can have an effect
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a NUL or half of a surrogate pair in the path
        raise OSError(errno.EINVAL, str(error)) from None
    try:
        _check(os.fstat(descriptor))
        return _read(descriptor, max_bytes + 1)
    finally:
        os.close(descriptor)


def _check(status: os.stat_result) -> None:
    if not S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data
