"""Random changes of valid files: every loader accepts them or refuses them in words, and raises nothing else."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signpost.authoring.mutation.survivors import find_accepted
from signpost.authoring.timelines.reader import find_timelines
from signpost.cli.rules.common import load_with
from signpost.errors import CallerError
from signpost.ingress.mapping_reader import load_mapping
from signpost.rulebook import load
from signpost.settings import SHIPPED_RULES
from signpost.tenants.editing import TenantsFile
from signpost.tenants.loading import load_tenants
from signpost.tenants.overrides import folders_of_tenants
from signpost.tenants.rulebooks import load_rulebooks
from tests.support.long_suite import some
from tests.support.rulebooks import OWN_FIELDS, every_term

ROOT = Path(__file__).parents[2]
VENDORS = ROOT / "signpost" / "ingress" / "vendors"
HASH = f"sha256:{'0' * 64}"
ENVIRON = {"KEY": HASH, "Y": "another-secret-of-a-usual-length"}
TENANTS = f"""tenants:
  acme:
    api_keys: ["{HASH}", "env:KEY", "file:key"]
    params: {{r: {{wait: 5d}}}}
    disabled: [r]
    rules: own
sources:
  s: {{tenant: acme, vendor: standard, secrets: ["plain:a-secret-of-a-usual-length", "env:Y"], time_zone: Europe/Paris,
      clock_skew: 5m, employer: {{id: e, name: E}}, fields: {{salary: pay}}}}
"""
RULE = (
    "r:\n  about: offer\n  source: a\n  norms: [n]\n  params: {wait: 3d}\n"
    "  when:\n    stage: open\n    respond_by: within wait\n"
    "    any other offer: {stage: accepted, salary: above this one's salary}\n"
    "  define: {last: [wait before start_date, respond_by]}\n  valid: for wait after extended_at\n  due: last\n"
    "  priority: {normal: from the start, high: wait before respond_by}\n"
    "  title: T {{ employer }}\n"
    '  message: "{% for o in others %}{{ o.employer | sentence }}{% endfor %}{{ params.wait }}"\n'
    '  steps: [One]\n  drafts: {d: {title: T, body: "{% if salary %}{{ salary | monthly }}{% endif %}"}}\n'
)
SOURCES = "articles: {a: A}\nnorms:\n  n: {claim: c, source: s, quality: A, place: p, reviewed: 2026-11-22}\n"
ODD = [
    "2026-13-01", "2026-02-30T25:61:00Z", "9" * 30, "9" * 5000, "-0", "1e999", ".nan", "0x", "~", "null",
    "true", "[]", "{}", "[[]]", "[{}]", "{a: }", "'\\0'", '"\\0"', '"\\ud800"', '"\\U0001F600"', "''", "&a",
    "*a", "<<", "!x", "? ", "- ", ": ", "#", "|", ">", "---", "...", "%", "@", "`", "~root", "~nobody-at-all/x",
    "/dev/zero", "../..", "env:", "file:", "plain:", "file:\\0", "{{", "}}", "{% if %}", "{% for x in y %}",
    "{{ x ~ x }}", "this one", "this one's", "within", "before", "after", "above", "at least 0 offers",
    "at least 99999999999 offers", "fewer than", "no offer", "any offer as", "from the start", "for",
    "99999999999999999d", "0d", "-1d", "1.5d", "\t", "\ufeff", "\x85", "é" * 200,
]  # fmt: skip


NASTY = ["2026-13-01", "9" * 5000, "[]", "{}", "~", '"\\0"', '"\\ud800"', "~nobody-at-all/x", "/dev/zero", "''"]


def mutate(text: str, random: Random) -> bytes:
    """The text with one to four small changes: lines and words removed, repeated, moved, or replaced by odd ones."""
    for _ in range(random.randint(1, 4)):
        words = [*_words(text)]
        here, there = random.randrange(len(words)), random.randrange(len(words))
        action = random.randrange(6)
        if action == 0:
            del words[here]
        elif action == 1:
            words.insert(here, words[there])
        elif action == 2:
            words[here] = random.choice(ODD)
        elif action == 3:
            words.insert(here, random.choice(ODD))
        elif action == 4:
            words[here], words[there] = words[there], words[here]
        else:
            del words[here : here + random.randint(1, 40)]
        text = "".join(words) or "x"
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if random.random() < 0.1:
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def _words(text: str) -> list[str]:
    """Words, spaces and marks, which joined are the text."""
    words, kind = [""], ""
    for char in text:
        found = "word" if char.isalnum() or char in "_-." else "space" if char == " " else char
        if found == kind and found in ("word", "space"):
            words[-1] += char
        else:
            words.append(char)
        kind = found
    return words[1:]


def in_rules(name: str) -> Callable[[Path, bytes], object]:
    """Loads a folder of rules in which one file is changed."""

    def run(folder: Path, data: bytes) -> object:
        for file, content in (("sources.yaml", SOURCES), ("topic.yaml", RULE), ("fields.yaml", OWN_FIELDS)):
            (folder / file).write_text(content)
        (folder / name).write_bytes(data)
        return load(folder)

    return run


def tenants(folder: Path, data: bytes) -> object:
    for file, content in (("sources.yaml", SOURCES), ("topic.yaml", RULE)):
        (folder / "rules").mkdir(exist_ok=True)
        (folder / "rules" / file).write_text(content)
    (folder / "own").mkdir(exist_ok=True)
    (folder / "own" / "more.yaml").write_text(RULE.replace("r:", "q:", 1))
    (folder / "key").write_text(HASH)
    (folder / "tenants.yaml").write_bytes(data)
    folders_of_tenants(folder / "tenants.yaml")
    for run in (
        lambda: load_tenants(folder / "tenants.yaml", ENVIRON, rules=folder / "rules"),
        lambda: load_rulebooks(folder / "rules", folder / "tenants.yaml"),
        lambda: TenantsFile(folder / "tenants.yaml"),
    ):
        refuse_in_words(run)
    return None


def file_with(load_file: Callable[[Path], object], name: str = "file.yaml") -> Callable[[Path, bytes], object]:
    def run(folder: Path, data: bytes) -> object:
        (folder / name).write_bytes(data)
        return load_file(folder / name)

    return run


def mapping(folder: Path, data: bytes) -> object:
    """A mapping beside the samples that it names."""
    (folder / "samples").symlink_to(VENDORS / "samples")
    (folder / "greenhouse.yaml").write_bytes(data)
    return load_mapping(folder / "greenhouse.yaml")


def params(folder: Path, data: bytes) -> object:
    in_rules("topic.yaml")(folder, RULE.encode())
    (folder / "params").mkdir(exist_ok=True)
    (folder / "params" / "file.yaml").write_bytes(data)
    return load_with(folder, folder / "params" / "file.yaml")


def every_condition() -> str:
    """A rule for each kind of condition."""
    with TemporaryDirectory() as folder:
        every_term(Path(folder))
        return (Path(folder) / "topic.yaml").read_text("utf-8")


KINDS: dict[str, tuple[Callable[[], str], Callable[[Path, bytes], object]]] = {
    "a rule": (lambda: RULE, in_rules("topic.yaml")),
    "every condition": (every_condition, in_rules("topic.yaml")),
    "sources": (lambda: SOURCES, in_rules("sources.yaml")),
    "own fields": (lambda: OWN_FIELDS, in_rules("fields.yaml")),
    "tenants": (lambda: TENANTS, tenants),
    "parameters": (lambda: "r: {wait: 5d}\n", params),
    "a timeline": (
        lambda: (SHIPPED_RULES / "timelines" / "pay.yaml").read_text("utf-8").rpartition("\n  - name")[0],
        file_with(lambda path: find_timelines([path])),
    ),
    "survivors": (
        lambda: (SHIPPED_RULES / "timelines" / "survivors.yaml").read_text("utf-8"),
        file_with(lambda path: find_accepted([path.parent]), "survivors.yaml"),
    ),
    "a mapping": (lambda: (VENDORS / "greenhouse.yaml").read_text("utf-8"), mapping),
}


def refuse_in_words(run: Callable[[], object]) -> None:
    try:
        run()
    except CallerError as error:
        words = str(error)
    else:
        return
    assert words


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_that_is_changed_is_valid_before(tmp_path: Path, kind: str) -> None:
    """Otherwise the changes would never reach what lies behind the first problem."""
    valid, run = KINDS[kind]
    run(tmp_path, valid().encode())
    if kind == "tenants":
        assert load_tenants(tmp_path / "tenants.yaml", ENVIRON, rules=tmp_path / "rules").sources


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_changed_file_is_loaded_or_refused_in_words(kind: str, seed: int) -> None:
    valid, run = KINDS[kind]
    with TemporaryDirectory() as folder:
        refuse_in_words(lambda: run(Path(folder), mutate(valid(), Random(seed))))


@pytest.mark.parametrize("kind", ["a rule", "sources", "tenants", "parameters"])
def test_no_odd_value_in_place_of_any_word_escapes(kind: str) -> None:
    valid, run = KINDS[kind]
    words = _words(valid())
    for place in some([place for place, word in enumerate(words) if word[0].isalnum()], 3):
        for nasty in NASTY:
            changed = "".join([*words[:place], nasty, *words[place + 1 :]])
            with TemporaryDirectory() as folder:
                refuse_in_words(partial(run, Path(folder), changed.encode()))
