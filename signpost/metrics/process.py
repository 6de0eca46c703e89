"""Starts and stops the metrics of a process, a process edge: folder, counting, internal server."""

import os
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signpost.metrics import health
from signpost.metrics.folder import MetricsFolder, forget_process, inherited_folder
from signpost.metrics.table import ROLES, START_TIME, TABLE

if TYPE_CHECKING:
    from signpost.metrics.server import MetricsServer

MULTIPROC_DIR: Final = "PROMETHEUS_MULTIPROC_DIR"


def start_counting(role: str, folder: Path, name: str, environ: MutableMapping[str, str]) -> None:
    """Count in this process from now on, in files of `folder` that bear its `name`: a successor of the same name
    continues them. No two running processes may have one name, and no name has an underscore."""
    environ[MULTIPROC_DIR] = str(folder)
    from prometheus_client import values

    forget_process(folder, name)
    # One class for one process: its files are opened at the first count
    values.ValueClass = values.MultiProcessValue(lambda: name)  # type: ignore[no-untyped-call]
    for metric in TABLE:
        metric.start(role)
    START_TIME.set(time.time())
    health.reset()


def stop_counting(folder: Path, name: str) -> None:
    """Count nothing from now on."""
    for metric in TABLE:
        metric.stop()
    forget_process(folder, name)


@contextmanager
def metrics_of(
    role: str, bind: tuple[str, int] | None, environ: MutableMapping[str, str] = os.environ
) -> Iterator[None]:
    """Within the block this process counts as `role`, and serves at `bind` unless its supervisor does.

    Raises CallerError if it cannot listen there.
    """
    with ExitStack() as stack:
        inherited = inherited_folder(environ)
        if inherited is not None:
            folder, name = inherited
        else:
            own = MetricsFolder()
            stack.callback(own.remove)
            folder, name = own.path, role
        start_counting(role, folder, name, environ)
        stack.callback(stop_counting, folder, name)
        if inherited is None:
            serve(stack, bind, folder, [role])
        yield


@contextmanager
def metrics_of_tree(bind: tuple[str, int] | None, is_stopping: Callable[[], bool]) -> Iterator[Path]:
    """The folder of a tree with all roles; this process itself counts nothing, and serves at `bind`.

    Raises CallerError if it cannot listen there.
    """
    with ExitStack() as stack:
        own = MetricsFolder()
        stack.callback(own.remove)
        serve(stack, bind, own.path, ROLES, is_stopping)
        yield own.path


def serve(
    stack: ExitStack,
    bind: tuple[str, int] | None,
    folder: Path,
    roles: Sequence[str],
    is_stopping: Callable[[], bool] = lambda: False,
) -> "MetricsServer | None":
    """Serve the metrics of a folder at `bind`, if there is one, until `stack` closes. Raises CallerError."""
    if bind is None:
        return None
    from signpost.metrics.server import MetricsServer

    server = MetricsServer(bind, folder, roles, is_stopping)
    stack.callback(server.close)
    server.start()
    return server
