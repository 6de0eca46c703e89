"""Timelines: how a rulebook is tested, on the production evaluator and in virtual time (see docs of the format in
README)."""

from signpost.authoring.timelines.reader import TimelineError, find_timelines
from signpost.authoring.timelines.runner import Failure, Result, TimelineResult, run_timelines

__all__ = ["Failure", "Result", "TimelineError", "TimelineResult", "find_timelines", "run_timelines"]
