"""YAML's traps in every kind of file that people write: refused in words within a moment, with the file's name."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signpost.errors import SignpostError
from signpost.ingress.sources import source_problem
from signpost.rulebook import load
from signpost.tenants.loading import load_tenants

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
TRAPS: dict[str, str] = {
    "a bomb of aliases": BOMB,
    "a merge key": "a: &a {x: 1}\nb: {<<: *a}\n",
    "an alias of itself": "a: &a [*a]\n",
    "an object of Python": "a: !!python/object/apply:os.system ['true']\n",
    "a name of Python": "a: !!python/name:os.system ''\n",
    "a tag of its own": "a: !include /etc/passwd\n",
    "binary": "a: !!binary aGVsbG8=\n",
    "a set": "a: !!set {x, y}\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a key twice": "a: 1\na: 2\n",
    "a list as key": "? [a, b]\n: 1\n",
    "a mapping as key": "? {a: b}\n: 1\n",
    "deep lists": "a: " + "[" * 50_000 + "]" * 50_000 + "\n",
    "deep mappings": "a: " + "{a: " * 20_000 + "1" + "}" * 20_000 + "\n",
    "a tab for indentation": "a:\n\tb: 1\n",
    "an integer of 50,000 digits": "a: " + "9" * 50_000 + "\n",
    "a date that does not exist": "a: 2026-13-01\n",
    "minutes of base sixty": "a: 1:30:61\n",
    "NUL": "a: \0\n",
    "half an emoji": 'a: "\\ud83d"\n',
    "UTF-16": "a: 1\n".encode("utf-16").decode("latin-1"),
    "an endless quote": 'a: "' + "x" * 200_000 + "\n",
    "a directive": "%YAML 9.9\n---\na: 1\n",
    "nothing": "",
    "a text alone": "hello\n",
    "a list alone": "- a\n- b\n",
}


def as_rules(folder: Path, text: bytes) -> None:
    (folder / "sources.yaml").write_text("articles: {hired: Hired}\n")
    (folder / "topic.yaml").write_bytes(text)
    load(folder)


def as_own_fields(folder: Path, text: bytes) -> None:
    (folder / "sources.yaml").write_text("articles: {hired: Hired}\n")
    (folder / "fields.yaml").write_bytes(text)
    load(folder)


def as_tenants(folder: Path, text: bytes) -> None:
    (folder / "tenants.yaml").write_bytes(text)
    load_tenants(folder / "tenants.yaml", {}, source_problem, None)


@pytest.mark.parametrize("kind", [as_rules, as_own_fields, as_tenants])
@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_refused_in_words(tmp_path: Path, kind: Callable[[Path, bytes], None], trap: str) -> None:
    begun = time.process_time()
    with pytest.raises(SignpostError) as refused:
        kind(tmp_path, TRAPS[trap].encode("latin-1" if trap == "UTF-16" else "utf-8"))
    assert time.process_time() - begun < 5
    assert ".yaml" in str(refused.value)
    assert len(str(refused.value)) < 20_000
