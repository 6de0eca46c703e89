"""The intake: events and webhooks in over HTTP, advice to read out. Flask; nothing of rules or of storage's inside."""

from signpost.services.intake.app import create_app
from signpost.services.intake.limits import Limits

__all__ = ["Limits", "create_app"]
