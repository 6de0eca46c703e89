"""Counts dead letters by reason and kind of fault."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from signpost.case.instant import format_instant
from signpost.dead_letters.letter import DeadLetter


@dataclass(slots=True)
class Group:
    """Letters of one kind and reason. `oldest` and `latest`: None if no time is known."""

    kind: str
    reason: str
    number: int = 0
    tenants: list[str] = field(default_factory=list)
    oldest: int | None = None
    latest: int | None = None

    def add(self, letter: DeadLetter) -> None:
        """Count a letter."""
        self.number += 1
        if letter.tenant not in self.tenants:
            self.tenants.append(letter.tenant)
        if letter.failed_at is not None:
            self.oldest = letter.failed_at if self.oldest is None else min(self.oldest, letter.failed_at)
            self.latest = letter.failed_at if self.latest is None else max(self.latest, letter.failed_at)

    def to_document(self) -> dict[str, Any]:
        """The group as JSON."""
        times = {"oldest": self.oldest, "latest": self.latest}
        return {
            "kind": self.kind,
            "reason": self.reason,
            "number": self.number,
            "tenants": self.tenants,
            **{name: None if at is None else format_instant(at) for name, at in times.items()},
        }


def groups_of(letters: Iterable[DeadLetter]) -> Sequence[Group]:
    """The groups, the largest first."""
    found: dict[tuple[str, str], Group] = {}
    for letter in letters:
        found.setdefault((letter.kind, letter.group), Group(letter.kind, letter.group)).add(letter)
    return sorted(found.values(), key=lambda group: (-group.number, group.kind, group.reason))
