"""Records: the published state of one rule about one subject, stored with the case. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import orjson

PUBLISHED = ("active", "snoozed")
"""States in which the advice is active for consumers."""
CLOSED_BY_CONSUMER = ("done", "dismissed")


@dataclass(slots=True)
class AdviceRecord:
    """One rule about one subject. `episode` counts its unbroken periods; `sequence` counts the changes published in
    the current one.

    `state`: active, snoozed, done, dismissed, superseded, suppressed (not published, because another rule replaces
    it), ended.
    `text`: digest of the published texts; `inputs`: two digests, of all that texts could use and of what they do use
    (`Writer`). Instants in microseconds.
    `audience`, `topic`: fixed for the episode, even if the rule changes; an empty topic was stored by 0.1.0.
    `merged_ids`: ids of the same advice in cases that were merged into this one, with the episode here for which an
    answer to them counts.
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
    merged_ids: dict[str, int] = field(default_factory=dict)

    @property
    def current_ids(self) -> list[str]:
        """The ids under which the recommendation of the latest episode was published."""
        return [self.id, *(id for id, episode in self.merged_ids.items() if episode == self.episode)]

    @property
    def is_needed(self) -> bool:
        """Whether a later evaluation or answer needs it."""
        return self.state != "ended" or bool(self.episode or self.merged_ids)

    @property
    def key(self) -> str:
        """`RULE@KIND/ID`."""
        return f"{self.rule}@{self.kind}/{self.subject}"

    def begin_episode(self, tenant: str, case_key: str, erased_at: int | None, now: int) -> None:
        """Start a new recommendation. Its id is unique to the rule, the subject and the episode."""
        self.episode, self.sequence, self.raised_at, self.state = self.episode + 1, 0, now, "active"
        self.by, self.text, self.inputs = None, "", ""
        self.id = self.id_of_episode(tenant, case_key, erased_at)

    def id_of_episode(self, tenant: str, case_key: str, erased_at: int | None) -> str:
        """The id of the recommendation in the latest episode, also after it has ended."""
        name = "\0".join((tenant, case_key, self.key, str(self.episode), str(erased_at)))
        return "rec_" + blake2b(name.encode(), digest_size=12).hexdigest()


_FIELDS = tuple(member.name for member in fields(AdviceRecord))
_values: Callable[[AdviceRecord], tuple[Any, ...]] = attrgetter(*_FIELDS)
_DEFAULTS = (None, None, None, *_values(AdviceRecord("", "", ""))[3:])
"""In the order of the fields; rule, kind and subject have none."""


def dump_records(records: dict[str, AdviceRecord]) -> bytes:
    """Canonical JSON of all records; omits fields with their default value."""
    document = [_without_defaults(records[key]) for key in sorted(records)]
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def load_records(raw: bytes) -> dict[str, AdviceRecord]:
    """Parse the bytes of `dump_records`; returns the records by key (empty bytes: none)."""
    records = [AdviceRecord(**_upgrade_fields(members)) for members in orjson.loads(raw)] if raw else []
    return {record.key: record for record in records}


def suppressions(advice_state: bytes, audience: str | None = None) -> list[dict[str, str]]:
    """The advice that another rule suppresses: [{rule, subject, by, title, priority}]; only of `audience` if given."""
    return [
        {
            "rule": record.rule,
            "subject": f"{record.kind}/{record.subject}",
            "by": record.by or "",
            "title": record.title,
            "priority": record.priority,
        }
        for record in load_records(advice_state).values()
        if record.state in ("suppressed", "superseded") and audience in (None, record.audience)
    ]


def active(advice_state: bytes) -> dict[str, AdviceRecord]:
    """Published advice without a consumer's answer, by `RULE@KIND/ID`."""
    return {key: record for key, record in load_records(advice_state).items() if record.state == "active"}


def merge_records(absorbed: bytes, target: bytes, key: str, into: str) -> bytes:
    """The advice state of a merged case: the target's records plus the absorbed case's done and dismissed ones, where
    the target has none or an ended one. Of other advice with an id the target's record keeps the id: its answer may
    still be on the way. What is about the candidate of case `key` is about that of `into` now."""
    records = load_records(target)
    for record in load_records(absorbed).values():
        if record.state in (*PUBLISHED, *CLOSED_BY_CONSUMER):
            is_self = record.kind == "candidate" and record.subject == key
            moved = replace(record, subject=into if is_self else record.subject)
            theirs = records.get(moved.key) or AdviceRecord(moved.rule, moved.kind, moved.subject)
            records[moved.key] = _joined(moved, theirs)
    return dump_records(records)


def _joined(moved: AdviceRecord, theirs: AdviceRecord) -> AdviceRecord:
    """The record of the target, with the ids of the absorbed case's record."""
    record, counted = theirs, 0
    if moved.state in PUBLISHED:
        is_current = theirs.state in (*PUBLISHED, *CLOSED_BY_CONSUMER)
        counted = theirs.episode if is_current else theirs.episode + 1
    elif theirs.state == "ended":
        counted = max(moved.episode, theirs.episode)
        record = replace(moved, episode=counted)
    ids = {**dict.fromkeys(moved.merged_ids, 0), **dict.fromkeys(moved.current_ids, counted)}
    return replace(record, merged_ids={**theirs.merged_ids, **ids})


def _upgrade_fields(members: dict[str, Any]) -> dict[str, Any]:
    """Rows stored by 0.1.0 name the episode `spell`."""
    return {"episode" if name == "spell" else name: value for name, value in members.items()}


def _without_defaults(record: AdviceRecord) -> dict[str, Any]:
    return {
        name: value for name, value, usual in zip(_FIELDS, _values(record), _DEFAULTS, strict=True) if value != usual
    }
