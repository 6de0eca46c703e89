"""The intake: events and webhooks in over HTTP, advice to read out. Flask; nothing of rules or of storage's inside."""

from services.intake.app import create_app
from services.intake.limits import Limits

__all__ = ["Limits", "create_app"]
