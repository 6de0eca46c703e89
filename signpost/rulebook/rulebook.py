"""The rulebook: all typed rules and their version. Loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.rulebook.terms import Rule
from signpost.yaml_files.problems import FileError


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules by id, sorted by id. `version` changes with every byte of a rule, source, declared field or parameter."""

    rules: Mapping[str, Rule]
    version: str

    @property
    def vocabulary(self) -> Vocabulary:
        """The fields that its rules can use; the same for all rules."""
        return next((rule.vocabulary for rule in self.rules.values()), KINDS)

    def about(self, kind: str) -> list[Rule]:
        """The rules about one kind of subject."""
        return [rule for rule in self.rules.values() if rule.about == kind]

    def params(self) -> dict[str, Mapping[str, Any]]:
        """Rule id -> its parameters."""
        return {rule.id: rule.params for rule in self.rules.values() if rule.params}


class RulebookError(FileError):
    """The rulebook has problems and cannot be used."""
