"""The questions to candidates as messages: the list of a case is published when it changes. Uses no queue."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.case.instant import format_instant
from signpost.engine import CompiledEngine
from signpost.errors import BugError
from signpost.explain import Question, questions
from signpost.names import QUESTIONS
from signpost.storage import CaseRow
from signpost.workers.case_messages import CaseMessage, case_message


def update_lists(case_sets: Iterable[CaseSet], rows: Sequence[CaseRow]) -> list[CaseMessage]:
    """Note in each row, which is about to be saved, the list of its case at `updated`; returns the changed lists."""
    by_tenant = {case_set.tenant: case_set for case_set in case_sets}
    found = [_update(row, by_tenant[row.tenant]) for row in rows]
    return [message for message in found if message is not None]


def _update(row: CaseRow, case_set: CaseSet) -> CaseMessage | None:
    """The message of a case whose list has changed; a case without facts has no questions."""
    loaded, now = case_set.cases[row.key], row.updated
    found = _questions(loaded, case_set, now)
    known: dict[str, Any] = orjson.loads(row.asked) if row.asked else _new_list(row, loaded)
    digest = _digest(found)
    if digest == known["digest"]:
        return None
    known |= {"sequence": known["sequence"] + 1, "digest": digest}
    row.asked = orjson.dumps(known)
    data: dict[str, Any] = {
        "id": known["id"],
        "sequence": known["sequence"],
        "candidate": row.key,
        "changed_at": format_instant(now),
    }
    data |= {"rulebook": case_set.engine.rulebook.version, "questions": found}
    routing_key = f"{row.tenant}.candidate.{found[0]['priority'] if found else 'none'}"
    place = {"tenant": row.tenant, "key": row.key, "link": "questions"}
    return case_message(QUESTIONS, "questions.changed", routing_key, data, **place, now=now)


def _questions(loaded: LoadedCase, case_set: CaseSet, now: int) -> list[Question]:
    if loaded.merged_into is not None or not loaded.case.registers:
        return []
    engine = case_set.engine.compiled
    if not isinstance(engine, CompiledEngine):
        raise BugError(f"questions need the compiled engine, not {type(engine).__name__}")
    return questions(engine, loaded.case, loaded.key, now, advice_state=loaded.advice_state)


def _new_list(row: CaseRow, loaded: LoadedCase) -> dict[str, Any]:
    """The empty list before the first message. Its id is one for the life of a case, another after an erasure."""
    identity = f"{row.tenant}\0{row.key}\0{loaded.case.erased_at or ''}"
    name = f"q_{blake2b(identity.encode(), digest_size=12).hexdigest()}"
    return {"id": name, "sequence": 0, "digest": _digest([])}


def _digest(found: Sequence[Question]) -> str:
    """What a change is compared by: not the examples, which follow the clock."""
    content = [(one["fact"], one["text"], one["priority"], one["rules"]) for one in found]
    return blake2b(orjson.dumps(content), digest_size=12).hexdigest()
