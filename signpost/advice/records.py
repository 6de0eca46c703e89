"""Records: what has been told about one rule and one subject, kept with the case. Pure."""

from dataclasses import dataclass, field, fields
from hashlib import blake2b
from typing import Any

import orjson

TOLD = ("active", "snoozed")
"""The states in which consumers believe that the advice stands."""
PUT_ASIDE = ("done", "dismissed")


@dataclass(slots=True)
class AdviceRecord:
    """One rule about one subject. `episode` counts the unbroken times that it was advised; `sequence` the changes
    told in this one.

    `state`: active, snoozed, done, dismissed, superseded, suppressed (never told, since another rule took its
    place), ended.
    `text`, `inputs`: digests of the words told and of what they were made from. Instants in microseconds.
    `audience`, `topic`: where this spell is told, whatever becomes of the rule; no topic: they were never noted.
    """

    rule: str
    kind: str
    subject: str
    state: str = "ended"
    id: str = ""
    episode: int = 0
    sequence: int = 0
    priority: str = ""
    due: int | None = None
    valid_until: int | None = None
    raised_at: int = 0
    until: int | None = None
    by: str | None = None
    title: str = ""
    text: str = ""
    inputs: str = ""
    related: dict[str, list[str]] = field(default_factory=dict)
    audience: str = "candidate"
    topic: str = ""

    @property
    def key(self) -> str:
        """`RULE@KIND/ID`."""
        return f"{self.rule}@{self.kind}/{self.subject}"

    def begin_episode(self, tenant: str, case_key: str, erased_at: int | None, now: int) -> None:
        """A new recommendation, whose id is stable for one rule, one subject and one unbroken spell (and never
        used again)."""
        self.episode, self.sequence, self.raised_at, self.state = self.episode + 1, 0, now, "active"
        self.by, self.text, self.inputs = None, "", ""
        name = "\0".join((tenant, case_key, self.key, str(self.episode), str(erased_at)))
        self.id = "rec_" + blake2b(name.encode(), digest_size=12).hexdigest()


_FIELDS = tuple(member.name for member in fields(AdviceRecord))
_DEFAULTS = {
    name: getattr(AdviceRecord("", "", ""), name) for name in _FIELDS if name not in ("rule", "kind", "subject")
}


def dump_records(records: dict[str, AdviceRecord]) -> bytes:
    """Canonical JSON of all records; what is at its default is left out."""
    document = [_slim(records[key]) for key in sorted(records)]
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def load_records(raw: bytes) -> dict[str, AdviceRecord]:
    """The records of `dump_records`' bytes by key; no bytes are none."""
    records = [AdviceRecord(**_renamed(members)) for members in orjson.loads(raw)] if raw else []
    return {record.key: record for record in records}


def _renamed(members: dict[str, Any]) -> dict[str, Any]:
    """Rows that 0.1.0 stored call the episode a spell."""
    return {"episode" if name == "spell" else name: value for name, value in members.items()}


def _slim(record: AdviceRecord) -> dict[str, Any]:
    return {name: value for name in _FIELDS if (value := getattr(record, name)) != _DEFAULTS.get(name)}
