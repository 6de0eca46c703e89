"""Named points in the path of an event at which the tests of crashes end a process. In production they do nothing."""

from collections.abc import Callable

_action: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Pass a point. Between two effects that are durable one after the other, a crash must lose nothing."""
    if _action is not None:
        _action(name)


def arm(action: Callable[[str], None]) -> None:
    """Call `action` with the name of each point that this process passes. Only tests do."""
    global _action
    _action = action
