"""The metrics of gunicorn's processes: the master has folder and internal server, each worker counts under a name."""

import os
from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

from signpost.metrics.folder import FOLDER, NAME, MetricsFolder, forget_process, inherited_folder
from signpost.metrics.process import serve, start_counting
from signpost.metrics.table import INTAKE
from signpost.services.intake.draining import is_draining
from signpost.setting_kinds import Bind


class ProcessMetrics:
    """Of the master. A supervisor may have made the folder already; then it also serves."""

    def __init__(self, bind: Bind | None) -> None:
        """Make the folder, and serve at `bind`. Raises CallerError if that is not possible."""
        self._stack, self._server = ExitStack(), None
        inherited = inherited_folder(os.environ)
        if inherited is not None:
            self._folder, self._name = inherited
            return
        with ExitStack() as stack:
            own = MetricsFolder()
            stack.callback(own.remove)
            self._folder, self._name = own.path, INTAKE
            self._server = serve(stack, bind, own.path, [INTAKE], is_draining)
            self._stack = stack.pop_all()
        os.environ |= {FOLDER: str(self._folder), NAME: self._name}

    def name_worker(self, worker: Any, others: Collection[Any]) -> None:
        """Before the fork, give a worker the first free name: a successor continues the counts of one that died."""
        taken = {getattr(other, "metrics_name", "") for other in others}
        names = (f"{self._name}-{number}" for number in range(1, len(taken) + 2))
        worker.metrics_name = next(name for name in names if name not in taken)

    def start_worker(self, worker: Any) -> None:
        """In the worker, after the fork."""
        if self._server is not None:
            self._server.socket.close()
        start_counting(INTAKE, self._folder, worker.metrics_name, os.environ)

    def forget_worker(self, worker: Any) -> None:
        """In the master, after the end of a worker."""
        forget_process(self._folder, worker.metrics_name)

    def close(self) -> None:
        """Stop serving and remove the folder."""
        self._stack.close()
