"""The runner of documents notices what a document shows wrongly."""

from pathlib import Path

import pytest

from tests.support.documents import matches, run_document


def document(folder: Path, text: str) -> Path:
    path = folder / "guide.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_commands_share_one_shell_and_files_are_written(tmp_path: Path) -> None:
    text = """```text file=deep/names.txt
one
```
```text append=deep/names.txt
two
```
```console
$ cd deep; NAME=names
$ sort \\
  -r $NAME.txt
two
one
$ echo "a
> b"
a
b
```
```console background
$ echo up; sleep 100
up
```
```console fails
$ cat missing
cat: ...
```
"""
    assert run_document(document(tmp_path, text), tmp_path) == 5


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("```console\n$ echo a; echo b\na\n```", "does not print what is shown"),
        ("```console\n$ echo a\n```", "does not print what is shown"),
        ("```console background\n$ echo a\nb\n```", "does not print what is shown"),
        ("```console\n$ false\n```", "ended with 1"),
        ("```console fails\n$ true\n```", "ended with 0"),
        ("```console sometimes\n$ true\n```", "unknown words"),
        ("```console\nhello\n```", "before any command"),
        ("```sh\ntrue\n```", "no command"),
    ],
)
def test_a_difference_fails(tmp_path: Path, block: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        run_document(document(tmp_path, block + "\n"), tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a ... c\n", "a b c\n", True),
        ("a ... c\n", "a b\nc\n", False),
        ("...\nlast\n", "last\n", True),
        ("...\nlast\n", "one\ntwo\nlast\n", True),
        ("first\n...\n", "second\n", False),
        ("id rec_0123456789ab\n", "id rec_ba9876543210\n", True),
        ("at 2026-03-02T14:00:00Z\n", "at 2027-01-01 00:00:01.5Z\n", True),
        ("at noon\n", "at 2027-01-01 00:00:01.5Z\n", False),
        ("took 0.3 s\n", "took 12 s\n", True),
        ("a.b\n", "axb\n", False),
    ],
)
def test_only_what_is_volatile_may_differ(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
