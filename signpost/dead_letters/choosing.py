"""Chooses dead letters: by id, reason, kind, tenant, type and age."""

from dataclasses import dataclass

from signpost.dead_letters.letter import DeadLetter


@dataclass(frozen=True, slots=True)
class Choice:
    """What a dead letter must match; an empty choice matches all. `ids`: of dead letters or of their messages."""

    ids: frozenset[str] = frozenset()
    reason: str = ""
    """The beginning of the reason."""
    kind: str = ""
    tenant: str = ""
    type: str = ""
    failed_before: int | None = None
    failed_after: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it matches all letters."""
        return self == Choice()

    def matches(self, letter: DeadLetter) -> bool:
        """Whether the letter is chosen. One whose time is unknown has no age, so no age matches."""
        return (
            (not self.ids or letter.id in self.ids or letter.message_id in self.ids)
            and letter.reason.casefold().startswith(self.reason.casefold())
            and self.kind in ("", letter.kind)
            and self.tenant in ("", letter.tenant)
            and self.type in ("", letter.type)
            and self._matches_age(letter.failed_at)
        )

    def _matches_age(self, failed_at: int | None) -> bool:
        if self.failed_before is None and self.failed_after is None:
            return True
        return (
            failed_at is not None
            and (self.failed_before is None or failed_at < self.failed_before)
            and (self.failed_after is None or failed_at >= self.failed_after)
        )
