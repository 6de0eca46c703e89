"""The one tree of errors: three branches by what to do about them."""


class SignpostError(Exception):
    """Root of every error that Signpost raises on purpose."""


class CallerError(SignpostError):
    """The caller's fault: answered with a 4xx, or parked as a dead letter; never retried."""


class TransientError(SignpostError):
    """Nobody's fault and likely to pass: retried, or answered with 503 and Retry-After."""


class MisconfiguredError(TransientError):
    """Away until an operator corrects a setting. A process that starts ends with it (exit code 2); one that has run
    treats it like any other TransientError, because it may be the server that is being changed."""


class BugError(SignpostError):
    """An invariant of our own is broken: crash loudly."""
