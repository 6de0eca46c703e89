"""The case: the fold of events into everything known of one candidate. Imports neither Flask, pika nor SQLAlchemy."""

from signpost.case.case import Case, Stamp
from signpost.case.event import Event

__all__ = ["Case", "Event", "Stamp"]
