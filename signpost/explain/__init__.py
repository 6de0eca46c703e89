"""Explain: why a rule holds of a subject or does not, until when, and which single facts would change it. Pure."""

from signpost.explain.explanation import Explanation, TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all

__all__ = ["Explanation", "TooManySubjects", "UnknownRule", "UnknownSubject", "explain", "explain_all"]
