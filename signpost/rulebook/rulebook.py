"""The rulebook: all typed rules, the kinds of cards that join their advice, and the version. Loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from signpost.facts.policy import POLICY, Policy
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.rulebook.typed_rule import Rule, Texts
from signpost.yaml_files.problems import FileError


class Per(StrEnum):
    """What the advice on one card has in common, besides its kind of card."""

    SUBJECT = "subject"
    EMPLOYER = "employer"
    EMPLOYER_AND_DAY = "employer and day"
    """The day on which an interview begins."""
    CASE = "case"


@dataclass(frozen=True, slots=True)
class CardKind:
    """One kind of card of the agenda. `acts`: whose advice it joins, as rules write them ("ask employer"), or an act
    with any counterpart ("consult"). `high_before`: how long before it is due it counts as high at least (microseconds;
    0: its recommendations alone decide)."""

    name: str
    audience: str
    acts: tuple[str, ...]
    per: Per
    texts: Texts
    high_before: int = 0


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules by id, sorted by id. `version` changes with every byte of a rule, source, declared field or parameter."""

    rules: Mapping[str, Rule]
    version: str
    cards: tuple[CardKind, ...] = ()
    policy: Policy = POLICY
    _joined: dict[str, CardKind | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def vocabulary(self) -> Vocabulary:
        """The fields that its rules can use; the same for all rules."""
        return next((rule.vocabulary for rule in self.rules.values()), KINDS)

    def about(self, kind: str) -> list[Rule]:
        """The rules about one kind of subject."""
        return [rule for rule in self.rules.values() if rule.about == kind]

    def card_of(self, rule: Rule) -> CardKind | None:
        """The kind of card that joins the advice of a rule; None if it has a card of its own."""
        if rule.id not in self._joined:
            names = {str(rule.act), rule.act.name} if rule.act else set()
            fitting = (card for card in self.cards if card.audience == rule.audience)
            self._joined[rule.id] = next((card for card in fitting if not names.isdisjoint(card.acts)), None)
        return self._joined[rule.id]

    def params(self) -> dict[str, Mapping[str, Any]]:
        """Rule id -> its parameters."""
        return {rule.id: rule.params for rule in self.rules.values() if rule.params}


class RulebookError(FileError):
    """The rulebook has problems and cannot be used."""
