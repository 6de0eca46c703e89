"""Timelines: how a rulebook is tested, on the production evaluator and in virtual time (see docs of the format in
README)."""

from signpost.timelines.reader import TimelineError, find_timelines
from signpost.timelines.runner import Failure, Outcome, Result, run_timelines

__all__ = ["Failure", "Outcome", "Result", "TimelineError", "find_timelines", "run_timelines"]
