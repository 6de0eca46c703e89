"""Strict JSON: one meaning per document."""

import json
import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.ingress.strict_json import MalformedJson, TooLarge, loads, loads_of_others
from signpost.schemas.fields import Repaired
from signpost.schemas.unreadable import Unreadable


def test_numbers_keep_their_digits() -> None:
    read = loads(b'{"amount": 80000.10, "whole": 12345678901234567890, "tiny": 1e-7}')
    assert (str(read["amount"]), read["whole"], read["tiny"]) == ("80000.10", 12345678901234567890, Decimal("1e-7"))


@pytest.mark.parametrize(
    "raw",
    [b"", b"   ", b"{", b"nul", b"{} {}", b"{}x", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b"NaN", b'{"a":Infinity}',
     b"[-Infinity]", b'"a\0b"', b"\xff", b'"\xed\xa0\x80"', b"[" * 100_000, b"[" * 40 + b"}" * 40, b"01", b"+1",
     b"1.", b"'a'", b"{a:1}", b"[1,]", b"\x00{}", '"\t"'.encode("utf-16")],
)  # fmt: skip
def test_what_has_no_single_meaning_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedJson) as caught:
        loads(raw)
    assert str(caught.value)
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("raw", "value"),
    [(b'"\\ud800"', "\ufffd"), (b'{"\\udc00x": 1}', {"\ufffdx": 1}), (b'["a\\u0000b"]', ["a\ufffdb"]),
     (b"\xef\xbb\xbf{}", {})],
)  # fmt: skip
def test_what_cannot_be_stored_is_replaced(raw: bytes, value: object) -> None:
    assert loads(raw) == value


def test_a_repaired_text_says_so() -> None:
    assert [type(text) for text in loads(b'["a\\u0000", "\\u00e5"]')] == [Repaired, str]


@pytest.mark.parametrize(
    "raw",
    [b"9" * 5000, b"1." + b"9" * 5000, b"1e999999999", b"1e" + b"9" * 30, b"-" + b"9" * 50,
     b"[" * 33 + b"]" * 33, b'{"a":' * 40 + b'"]}"' + b"}" * 40, b"[" * 40_000 + b"1" + b"]" * 40_000],
)  # fmt: skip
def test_a_value_beyond_every_type_is_unreadable_and_its_neighbours_are_not(raw: bytes) -> None:
    value = loads(b'{"odd": ' + raw + b', "even": [1, {"a": "}"}]}')
    assert value["even"] == [1, {"a": "}"}]
    inner = value["odd"]
    for _ in range(40):
        inner = (
            next(iter(inner.values() if isinstance(inner, dict) else inner))
            if isinstance(inner, dict | list)
            else inner
        )
    assert isinstance(inner, Unreadable)
    assert inner.why


def test_a_repeated_key_of_a_vendor_is_unreadable_unless_its_values_agree() -> None:
    read = loads_of_others(b'{"a": 1, "b": {"c": 1, "c": 2, "c": 1}, "a": 1, "payload": 3, "payload": 4}')
    assert read == {"a": 1, "b": {"c": Unreadable("the key is repeated")}, "payload": Unreadable("the key is repeated")}


def test_the_deepest_allowed_is_allowed() -> None:
    assert loads(b"[" * 32 + b"]" * 32)
    assert loads(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 400_000, b'"' + b'\\"' * 400_000 + b"\\", b'"\\' * 300_000])
def test_a_text_without_an_end_is_refused_in_linear_time(text: bytes) -> None:
    started = time.perf_counter()
    for read in (loads, loads_of_others):
        with pytest.raises(MalformedJson):
            read(b"[" * 40 + text)
    assert time.perf_counter() - started < 10


def test_surrogate_pairs_are_characters() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_size_is_bounded() -> None:
    with pytest.raises(TooLarge):
        loads(b"[" + b" " * 100 + b"]", max_bytes=100)


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.fuzz
@given(_JSON, st.booleans())
def test_reads_what_any_writer_writes(value: object, escaped: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.fuzz
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_raises_nothing_but_its_own(raw: bytes) -> None:
    with suppress(MalformedJson):
        loads(raw)
