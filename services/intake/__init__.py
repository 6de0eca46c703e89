"""The intake: receives events and webhooks over HTTP and serves advice. Flask; no rule logic, no SQL."""

from signpost.services.intake.app import create_app
from signpost.services.intake.limits import Limits

__all__ = ["Limits", "create_app"]
