"""The case: folds events into everything known about one candidate. Must not import Flask, pika or SQLAlchemy."""

from signpost.case.case import Case, Stamp
from signpost.case.event import Event

__all__ = ["Case", "Event", "Stamp"]
