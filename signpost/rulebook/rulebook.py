"""The rulebook: all rules, checked and typed, and its version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.rulebook.terms import Rule
from signpost.yaml_files.problems import FileError


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules by id, in the order of their ids; `version` changes with any byte of a rule, a source, a declared field or
    a parameter."""

    rules: Mapping[str, Rule]
    version: str

    @property
    def vocabulary(self) -> Vocabulary:
        """The fields that its rules may speak of: the same for all of them."""
        return next((rule.vocabulary for rule in self.rules.values()), KINDS)

    def about(self, kind: str) -> list[Rule]:
        """The rules that speak of one kind."""
        return [rule for rule in self.rules.values() if rule.about == kind]

    def params(self) -> dict[str, Mapping[str, Any]]:
        """Rule id -> its parameters."""
        return {rule.id: rule.params for rule in self.rules.values() if rule.params}


class RulebookError(FileError):
    """A rulebook that cannot be used."""
