"""Explains why a rule holds for a subject or not, until when, and which single facts would change that. Pure."""

from signpost.explain.explanation import Explanation, TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all

__all__ = ["Explanation", "TooManySubjects", "UnknownRule", "UnknownSubject", "explain", "explain_all"]
