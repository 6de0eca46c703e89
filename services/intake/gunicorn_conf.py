"""Configures gunicorn for the intake (`gunicorn -c python:signpost.services.intake.gunicorn_conf`). A process edge."""

import os
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from signpost import garbage, signals, standard_error
from signpost.errors import CallerError, MisconfiguredError
from signpost.logs import set_up_logging
from signpost.metrics import health
from signpost.names import PRIVATE_UMASK
from signpost.services.intake.draining import drain_before
from signpost.services.intake.holding_worker import HoldingWorker
from signpost.services.intake.process_metrics import ProcessMetrics
from signpost.services.intake.start import check_start
from signpost.services.intake.worker_limits import WorkerLimits
from signpost.settings import read_settings

MISUSED = 2
"""Exit code: an operator has to correct something first."""

os.umask(PRIVATE_UMASK)
garbage.collect_rarely()
standard_error.install()
# Gunicorn sets its own handlers later, in each process. A SIGTERM between the fork and them would be lost.
signals.hold()
os.register_at_fork(before=signals.block, after_in_parent=signals.unblock, after_in_child=signals.hold)

# Report errors of the configuration here, once and in words, instead of a traceback from each worker.
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
threads = _settings.http_threads
worker_connections = 4096
# All addresses that may say for whom they forward, and by which scheme; by default nobody. A proxy decides no path.
forwarded_allow_ips = _settings.trusted_proxies
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
forwarder_headers = ""
preload_app = False
timeout = 60
graceful_timeout = 30
keepalive = 75
# Recycling workers would only disconnect keep-alive clients: each worker keeps its own connections.
max_requests = 0
# The heartbeat file must not depend on a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) and Path("/dev/shm").is_dir() else None
# The root file system of a container is read-only, and the socket is not needed.
control_socket_disable = True
umask = PRIVATE_UMASK
loglevel = _settings.log_level
accesslog = None


class worker_class(HoldingWorker):  # noqa: N801  # the name is a setting
    """Reads whole requests before a thread handles them."""

    limits = WorkerLimits(_settings.request_timeout, _settings.max_body_bytes, max_waiting=_settings.http_waiting)

    def murder_keepalived(self, force: bool = False) -> None:
        """Called at every turn of the event loop."""
        health.turn()
        super().murder_keepalived(force)

    def _cap_keepalive(self, deadline: float) -> None:
        """Called once the worker stops."""
        health.drain()
        super()._cap_keepalive(deadline)


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  # untyped; the name is a setting
    """Formats the log lines of gunicorn like all others."""

    def setup(self, cfg: Any) -> None:
        """Pass records to the root logger."""
        super().setup(cfg)
        # Their own handlers would block a thread when the reader of the log stops
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        if cfg.accesslog == "-":
            self.access_log.handlers.clear()
            self.access_log.propagate = True


_metrics: ProcessMetrics


def on_starting(server: Any) -> None:
    """In the master, before anything else: lets /readyz fail before the intake stops, and serves metrics."""
    global _metrics
    server.handle_term = drain_before(server.handle_term, _settings.drain_seconds, server.SIG_QUEUE)
    try:
        _metrics = ProcessMetrics(_settings.metrics_bind)
    except CallerError as error:
        print(f"signpost intake: {error}", file=sys.stderr)
        sys.exit(MISUSED)


def pre_fork(server: Any, worker: Any) -> None:
    """In the master."""
    _metrics.name_worker(worker, server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:
    """In the worker: counts from now on."""
    _metrics.start_worker(worker)


def child_exit(server: Any, worker: Any) -> None:
    """In the master, after the end of a worker."""
    _metrics.forget_worker(worker)


def on_exit(server: Any) -> None:
    """In the master, at its end."""
    _metrics.close()


def post_worker_init(worker: Any) -> None:
    """Starts threads and connections in the worker: they do not survive the fork."""
    from signpost.services.intake import wsgi

    wsgi.start()


def worker_exit(server: Any, worker: Any) -> None:
    """Closes connections in the worker, after its last response."""
    wsgi = sys.modules.get("signpost.services.intake.wsgi")
    if wsgi is not None:
        wsgi.stop()
