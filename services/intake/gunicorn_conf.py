"""Configures gunicorn for the intake (`gunicorn -c python:signpost.services.intake.gunicorn_conf`). A process edge."""

import os
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from signpost import signals
from signpost.errors import CallerError, MisconfiguredError
from signpost.logs import set_up_logging
from signpost.services.intake.start import check_start
from signpost.settings import read_settings

MISUSED = 2
"""Exit code: an operator has to correct something first."""

# Gunicorn sets its own handlers later, in each process. A SIGTERM between the fork and them would be lost.
signals.hold()
os.register_at_fork(before=signals.block, after_in_parent=signals.unblock, after_in_child=signals.hold)

# Whatever an operator has to correct is shown here, once, in words, and not by each worker with a traceback.
try:
    _settings = read_settings(os.environ)
    set_up_logging("intake", _settings.log_level, _settings.log_format)
    check_start(_settings, os.environ)
except (CallerError, MisconfiguredError) as error:
    print(f"signpost intake: {error}", file=sys.stderr)
    sys.exit(MISUSED)

wsgi_app = "signpost.services.intake.wsgi:app"
bind = str(_settings.http_bind)
workers = _settings.http_processes
worker_class = "gthread"
threads = _settings.http_threads
preload_app = False
timeout = 60
graceful_timeout = 30
keepalive = 75
# Every worker keeps its own connections; recycling them only cuts keep-alive clients off.
max_requests = 0
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) and Path("/dev/shm").is_dir() else None
# Root file systems are read-only, and nobody needs a second way in.
control_socket_disable = True
loglevel = _settings.log_level
accesslog = None


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  # untyped; the name is a setting
    """Gunicorn's own lines in the form of all others."""

    def setup(self, cfg: Any) -> None:
        """Leave writing to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def post_worker_init(worker: Any) -> None:
    """After the fork, in the worker: threads and connections do not survive one."""
    from signpost.services.intake import wsgi

    wsgi.start()


def worker_exit(server: Any, worker: Any) -> None:
    """In the worker, when its requests are answered."""
    wsgi = sys.modules.get("signpost.services.intake.wsgi")
    if wsgi is not None:
        wsgi.stop()
