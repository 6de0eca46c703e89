"""The tree of errors: three branches by what to do about them. Specific errors live in their modules."""


class SignpostError(Exception):
    """Root of every error that Signpost raises on purpose."""


class CallerError(SignpostError):
    """The caller's fault: a 4xx response or a dead letter; never retried."""


class TransientError(SignpostError):
    """A temporary failure: retried, or a 503 response with Retry-After."""


class MisconfiguredError(TransientError):
    """A server rejects a setting until an operator corrects it. A starting process exits with code 2; a running one
    retries as after any TransientError, because the server may be under maintenance."""


class BugError(SignpostError):
    """An invariant of Signpost is broken: crash."""
