"""The rulebook: loads YAML files into typed rules and reports every problem. Imports no Flask, pika or SQLAlchemy."""

from signpost.rulebook.loader import Params, find_problems, load
from signpost.rulebook.rulebook import Rulebook, RulebookError
from signpost.yaml_files.problems import Problem

__all__ = ["Params", "Problem", "Rulebook", "RulebookError", "find_problems", "load"]
