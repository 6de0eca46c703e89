"""Caches the results of a rule's mutants in a folder until the rule, its timelines or the evaluator change."""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

import signpost
import signpost.schemas as schemas
from signpost.authoring.mutation.scope import Task

_EVALUATOR = ("case", "facts", "rulebook", "engine", "advice", "authoring/timelines", "authoring/mutation")
"""The packages that affect the results, in addition to `schemas`."""


class Cache:
    """Results by rule, one file each. If the folder is None or not writable, nothing is cached."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, task: Task) -> list[int | None] | None:
        """The result that `put` stored for the same task; None if there is none."""
        try:
            document: Any = orjson.loads(self._file(task).read_bytes()) if self.folder else None
        except (OSError, orjson.JSONDecodeError):
            return None
        known = isinstance(document, dict) and document.get("key") == _key(task)
        return document["killers"] if known else None

    def put(self, task: Task, killers: list[int | None]) -> None:
        """Store the result of a task, replacing the previous one."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = self._file(task).with_suffix(".partial")
            partial.write_bytes(orjson.dumps({"key": _key(task), "killers": killers}))
            partial.replace(self._file(task))
        except OSError:
            self.folder = None

    def _file(self, task: Task) -> Path:
        assert self.folder is not None
        return self.folder / f"{task.rule}.json"


def _key(task: Task) -> str:
    return blake2b((task.digest() + _code()).encode(), digest_size=20).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """A digest of the evaluator's source: a change invalidates the whole cache."""
    root = Path(signpost.__file__).parent
    digest = blake2b(digest_size=20)
    for folder in (*(root / name for name in _EVALUATOR), Path(schemas.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
