"""`signpost intake|advisor|clock|relay|deliverer`: one process of the system, for containers and `signpost up`."""

import os
import sys
from typing import Final

import click

from signpost import signals
from signpost.cli.edge import settings

GUNICORN: Final = ("-m", "gunicorn", "-c", "python:signpost.services.intake.gunicorn_conf")


@click.command
def intake() -> None:
    """Run the intake until SIGTERM: POST /v1/events, POST /v1/webhooks/{source}, and the routes that read advice.

    \b
    Example:
      SIGNPOST_HTTP_BIND=0.0.0.0:8080 signpost intake
    """
    settings()
    # Until the configuration of gunicorn holds them again
    signals.block()
    os.execv(sys.executable, [sys.executable, *GUNICORN])


@click.command
def advisor() -> None:
    """Run an advisor until SIGTERM: consumes events and publishes changes of advice.

    Several advisors can run at once; two never work on one case at the same time.
    """
    from signpost.workers.advisor import main

    sys.exit(main(settings()))


@click.command
def clock() -> None:
    """Run the clock until SIGTERM: re-evaluates each case at the instant at which time changes its advice."""
    from signpost.workers.clock import main

    sys.exit(main(settings()))


@click.command
def relay() -> None:
    """Run the relay until SIGTERM: publishes outbox messages that another process committed but could not publish."""
    from signpost.workers.relay import main

    sys.exit(main(settings()))


@click.command
def deliverer() -> None:
    """Run a deliverer until SIGTERM: posts recommendations and agendas to endpoints, as signed webhooks.

    Several deliverers can run at once; each sends what it claims. Needs the database, and no broker.
    """
    from signpost.workers.deliverer import main

    sys.exit(main(settings()))
