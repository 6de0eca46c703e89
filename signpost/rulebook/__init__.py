"""The rulebook: YAML in, typed rules out, with every problem named. Imports neither Flask, pika nor SQLAlchemy."""

from signpost.rulebook.loader import Params, find_problems, load
from signpost.rulebook.rulebook import Rulebook, RulebookError
from signpost.yaml_files.problems import Problem

__all__ = ["Params", "Problem", "Rulebook", "RulebookError", "find_problems", "load"]
