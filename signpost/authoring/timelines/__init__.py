"""Timelines: tests of a rulebook in virtual time on the production evaluator. Used by no process at run time."""

from signpost.authoring.timelines.reader import TimelineError, find_timelines
from signpost.authoring.timelines.runner import Failure, Result, TimelineResult, run_timelines

__all__ = ["Failure", "Result", "TimelineError", "TimelineResult", "find_timelines", "run_timelines"]
