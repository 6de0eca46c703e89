"""Explains why a rule holds for a subject or not, until when, and which single facts would change that; finds the
questions whose answers would. Pure."""

from signpost.explain.explanation import Explanation, TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all
from signpost.explain.questions import Question, questions

__all__ = [
    "Explanation",
    "Question",
    "TooManySubjects",
    "UnknownRule",
    "UnknownSubject",
    "explain",
    "explain_all",
    "questions",
]
