"""Backtest: runs recorded histories through two rulebooks and compares the advice. Pure except for its processes."""

from signpost.authoring.backtest.agendas import AgendaComparison, AgendaDifference, Published
from signpost.authoring.backtest.differences import KINDS, Difference
from signpost.authoring.backtest.gathering import Histories, histories_of
from signpost.authoring.backtest.histories import History, history_of_case
from signpost.authoring.backtest.moments import Moment, moments
from signpost.authoring.backtest.run import Comparison, backtest

__all__ = [
    "KINDS",
    "AgendaComparison",
    "AgendaDifference",
    "Comparison",
    "Difference",
    "Histories",
    "History",
    "Moment",
    "Published",
    "backtest",
    "histories_of",
    "history_of_case",
    "moments",
]
