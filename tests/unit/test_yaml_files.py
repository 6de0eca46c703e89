"""The reader of YAML files: hostile files of every kind are refused with a place, and nothing else is ever raised."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signpost.authoring.mutation.survivors import find_accepted
from signpost.authoring.timelines.reader import find_timelines
from signpost.cli.rules.common import load_with
from signpost.errors import CallerError
from signpost.ingress.mapping_reader import load_mapping
from signpost.rulebook import load
from signpost.tenants.editing import TenantsFile
from signpost.tenants.loading import load_tenants
from signpost.tenants.rulebooks import load_rulebooks
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import MAX_BYTES, parse, read

GOOD_RULE = "r:\n  about: offer\n  source: a\n  when: {stage: open}\n  priority: high\n  title: T\n  message: M.\n"
SOURCES = "articles: {a: A}\n"


def load_rule(path: Path) -> object:
    (path.parent / "sources.yaml").write_text(SOURCES)
    return load(path.rename(path.with_name("topic.yaml")).parent)


def load_sources(path: Path) -> object:
    (path.parent / "topic.yaml").write_text(GOOD_RULE)
    return load(path.rename(path.with_name("sources.yaml")).parent)


def load_overrides(path: Path) -> object:
    (path.parent / "rules").mkdir()
    (path.parent / "rules" / "sources.yaml").write_text(SOURCES)
    (path.parent / "rules" / "topic.yaml").write_text(GOOD_RULE)
    return load_rulebooks(path.parent / "rules", path)


def load_params(path: Path) -> object:
    (path.parent / "rules").mkdir()
    (path.parent / "rules" / "sources.yaml").write_text(SOURCES)
    (path.parent / "rules" / "topic.yaml").write_text(GOOD_RULE)
    return load_with(path.parent / "rules", path)


def load_survivors(path: Path) -> object:
    return find_accepted([path.rename(path.with_name("survivors.yaml")).parent])


KINDS: dict[str, Callable[[Path], object]] = {
    "a rule": load_rule,
    "sources.yaml": load_sources,
    "a timeline": lambda path: find_timelines([path]),
    "survivors": load_survivors,
    "tenants": lambda path: load_tenants(path, {}),
    "tenants, as workers read them": load_overrides,
    "tenants, to edit them": TenantsFile,
    "parameters": load_params,
    "a vendor's mapping": load_mapping,
}
BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['lol'])}]\n" for n in range(12))
HOSTILE: dict[str, tuple[bytes, str]] = {
    "alias": (b"a: &x [1]\nb: *x\n", "1:4: R005 anchors"),
    "alias of nothing": (b"a: *x\n", "1:4: R005 aliases"),
    "alias as a key": (b"*x : 1\n", "1:1: R005 aliases"),
    "anchor on a key": (b"&x a: 1\n", "1:1: R005 anchors"),
    "merge": (b"a:\n  <<: {b: 1}\n", "2:3: R003"),
    "bomb": (BOMB.encode(), "1:5: R005 anchors"),
    "recursion": (b"&x [*x]\n", "1:1: R005 anchors"),
    "recursion by a key": (b"&x {? *x : 1}\n", "1:1: R005 anchors"),
    "tag": (b"a: !!python/object/apply:os.system [true]\n", "1:4: R005 tags"),
    "tag of a number": (b"a: !!int x\n", "1:4: R005 tags"),
    "tag on a key": (b"!!int a: 1\n", "1:1: R005 tags"),
    "list as a key": (b"[a]: 1\n", "1:1: R003"),
    "key twice": (b"a: 1\na: 2\n", "2:1: R004"),
    "key twice in quotes": (b'a: 1\n"a": 2\n', "2:1: R004"),
    "number of 5000 digits": (b"a: " + b"9" * 5000, "1:4: R005"),
    "number beyond all floats": (b"a: 1.0e+999\n", "1:4: R005"),
    "infinity": (b"a: .inf\n", "1:4: R005"),
    "no number": (b"a: .nan\n", "1:4: R005"),
    "base sixty": (b"a: 1:30\n", "1:4: R005"),
    "base sixteen": (b"a: 0xff\n", "1:4: R005"),
    "base eight": (b"a: 0777\n", "1:4: R005"),
    "boolean": (b"a: no\n", "1:4: R005"),
    "impossible date": (b"2026-13-01: 2026-13-01\n", "1:1: R0"),
    "NUL": (b"a: b\nc: \0\n", "2:4: R001"),
    "BOM within": ("a: b\nc: \ufeff\n".encode(), "2:4: R001"),
    "UTF-16": ("a: 1".encode("utf-16"), "1:1: R001"),
    "Latin-1": ("ok: 1\na: é".encode("latin-1"), "2:4: R001"),
    "binary": (bytes(range(256)), "2:118: R001"),
    "deep lists": (b"a: " + b"[" * 100_000, "1:103: R005"),
    "deep mappings": (b"{a: " * 100_000, "1:401: R005"),
    "deep blocks": (b"- " * 100_000, "1:201: R005"),
    "two documents": (b"a: 1\n---\nb: 1\n", "2:1: R005"),
    "unclosed": (b"a: [1\n", "2:1: R001"),
    "too large": (b"a: " + b"x" * MAX_BYTES, "1:1: R001"),
    "empty": (b"", "1:1: R002"),
    "comment": (b"# nothing\n", "1:1: R002"),
    "null": (b"null\n", "1:1: R0"),
    "text": (b"hello\n", "1:1: R0"),
}
CASES = [
    (kind, hostile)
    for kind in KINDS
    for hostile in HOSTILE
    if kind != "tenants, to edit them" or hostile not in ("empty", "comment", "null")  # which can be filled
]


def report(path: Path, load: Callable[[Path], object]) -> str:
    try:
        load(path)
    except CallerError as error:
        return str(error)
    pytest.fail("it was accepted")


TOO_DEEP = (
    " R001 not valid YAML: mapping values are not allowed in this context"
    " (align a key with those above it; quote a text that contains a colon)"
)
DASHES = "(begin all lines of this block with - or none; `when` and other conditions take `key: value` lines without -)"


@pytest.mark.parametrize(("kind", "hostile"), CASES)
def test_every_kind_of_file_is_refused_with_its_place(tmp_path: Path, kind: str, hostile: str) -> None:
    data, problem = HOSTILE[hostile]
    path = tmp_path / "file.yaml"
    path.write_bytes(data)
    found = report(path, KINDS[kind])
    if not problem.endswith("R0"):
        assert f".yaml:{problem}" in found
    assert len(found) < 3000


@pytest.mark.parametrize("kind", ["a rule", "a timeline", "tenants", "a vendor's mapping", "tenants, to edit them"])
def test_a_folder_or_nothing_in_place_of_a_file_is_a_problem(tmp_path: Path, kind: str) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert ".yaml" in report(tmp_path / "folder.yaml", KINDS[kind])
    if kind not in ("a rule", "tenants, to edit them"):
        assert "none.yaml" in report(tmp_path / "none.yaml", KINDS[kind])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-13-01", "2026-13-01"),
        ("2026-03-06T17:00:00Z", "2026-03-06T17:00:00Z"),
        ("'no'", "no"),
        ('"1:30"', "1:30"),
        ("08", "08"),
        ("1_000", 1000),
        ("-7", -7),
        ("1.5", 1.5),
        ("999999999999999999", 999999999999999999),
        ("true", True),
        ("~", None),
        ("", None),
        ("=", "="),
        ("|\n 1", "1\n"),
    ],
)
def test_a_plain_value_has_the_type_that_it_looks_like(text: str, value: object) -> None:
    problems = Problems()
    root = parse(f"a: {text}\n".encode(), "f", problems)
    assert root is not None
    assert (root.plain(), problems.found) == ({"a": value}, [])
    assert type(root.value["a"].value) is type(value)


def test_a_mark_of_byte_order_at_the_start_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("a: 1\n", "utf-8-sig")
    root = read(tmp_path / "f.yaml", "f.yaml", problems := Problems())
    assert root is not None
    assert (root.plain(), root.key_position("a").column, problems.found) == ({"a": 1}, 1, [])


@pytest.mark.parametrize("hush", ["0xffee", "on", "12345678901234567890", "*hush", "{hush: 1, hush: 2}", "!hush 1"])
def test_no_problem_of_a_secret_file_quotes_it(hush: str) -> None:
    assert parse(f"secrets: [{hush}]\n".encode(), "f", problems := Problems(), secret=True) or problems.found
    assert problems.found
    assert not any(word in str(one).replace("*name", "") for one in problems.found for word in ("hush", "ffee", "'on'"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x: {type: text, label: phone: company, to: a}", 'needs quotes (quote it: label: "phone: company")'),
        ('x: {note: "a: b", label: phone: company}', 'needs quotes (quote it: label: "phone: company")'),
        ("x: {type: text", "',' or '}' (quote a text that contains a colon; close every { with })"),
    ],
)
def test_invalid_yaml_in_braces_says_what_to_quote(line: str, problem: str) -> None:
    problems = Problems()
    assert parse(f"{line}\ny: {{}}\n".encode(), "f.yaml", problems) is None
    assert [str(found).endswith(problem) for found in problems.found] == [True], problems.found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a:\n\tb: 1\n", "2:1: R001 not valid YAML: a tab indents this line (indent with spaces)"),
        ("a:\n  b: 1\n\tc: 2\n", "3:1: R001 not valid YAML: a tab indents this line (indent with spaces)"),
        ("a: b\n  \tc: 2\n", "2:5: R001 not valid YAML: a tab indents this line (indent with spaces)"),
        ("a:\n  id: {p.value}-{o}\n  b: 1\n", 'starts with { needs quotes (quote it: id: "{p.value}-{o}")'),
        ('a:\n  id: {p.value}-{o}"\n  b: 1\n', 'starts with { needs quotes (quote it: id: "{p.value}-{o}")'),
        ("x: [printed] and [slides]\ny: 1\n", 'starts with [ needs quotes (quote it: x: "[printed] and [slides]")'),
        ("- [b] c\n- 1\n", 'a text that starts with [ needs quotes (quote it: - "[b] c")'),
        ("a: {b: 1}\n c: 2\n", "2:2: R001 not valid YAML: did not find expected key (align a key with those above it)"),
        ("a:\n  - b: 1\n    c: 2\n   d: 3\n", "did not find expected '-' indicator (align a key with those above it)"),
        ("a: 1\n b:\n  c: 2\n", "(align a key with those above it; quote a text that contains a colon)"),
        ("a:\n  - b: 1\n   c:\n     d: 3\n", "did not find expected '-' indicator (align a key with those above it)"),
        ("when:\n  - a: b\n  c: d\n", "3:3: R001 not valid YAML: did not find expected '-' indicator " + DASHES),
        ("when:\n  c: d\n  - a: b\n", "3:3: R001 not valid YAML: did not find expected key " + DASHES),
        ("a:\n b: 1\n  c: 2\n", "f.yaml:2:2:" + TOO_DEEP),
        ("a:\n  b: 1\n   c: 2\n", "f.yaml:3:5:" + TOO_DEEP),
        ("a: 1\n b: 2\n", "f.yaml:2:3:" + TOO_DEEP),
        ("a: {b: ,, c: 2}\n", 'node content (write the missing value; punctuation, like ",", needs quotes)'),
        ("a: [{b: 1}, {c: 2}\nd: 1\n", "R001 not valid YAML: did not find expected ',' or ']'"),
    ],
)
def test_invalid_yaml_says_what_indents_a_line_or_needs_quotes(text: str, problem: str) -> None:
    problems = Problems()
    assert parse(text.encode(), "f.yaml", problems) is None
    assert [str(found).endswith(problem) for found in problems.found] == [True], problems.found


def test_a_tab_in_a_secret_file_is_told_without_its_line() -> None:
    assert parse(b"secrets:\n\thush: 1\n", "f.yaml", problems := Problems(), secret=True) is None
    assert [one.suggestion.partition(";")[0] for one in problems.found] == ["indent with spaces, not tabs"]


@pytest.mark.parametrize("text", [" a: 1\n  b: 2\n", "a: b: c\n", "x:\n   a: 1\n    b: 2\n"])
def test_wrong_indentation_of_a_secret_file_is_a_problem_like_any(text: str) -> None:
    assert parse(text.encode(), "f.yaml", problems := Problems(), secret=True) is None
    assert [problem.code for problem in problems.found] == ["R001"]
