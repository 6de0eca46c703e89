"""Strict JSON: one meaning per document."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.ingress.strict_json import MalformedJson, TooLarge, loads


def test_numbers_keep_their_digits() -> None:
    read = loads(b'{"amount": 80000.10, "whole": 12345678901234567890, "tiny": 1e-7}')
    assert (str(read["amount"]), read["whole"], read["tiny"]) == ("80000.10", 12345678901234567890, Decimal("1e-7"))


@pytest.mark.parametrize(
    "raw",
    [b"", b"   ", b"{", b"nul", b"{} {}", b"{}x", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b"NaN", b'{"a":Infinity}',
     b"[-Infinity]", b'"\\ud800"', b'{"\\udc00x":1}', b'["a\\u0000b"]', b'"a\0b"', b"\xff", b'"\xed\xa0\x80"',
     b"\xef\xbb\xbf{}", b"[" * 33 + b"]" * 33, b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40,
     b"9" * 5000, b"1." + b"9" * 5000,
     b"1e999999999", b"1e" + b"9" * 30, b"01", b"+1", b"1.", b"'a'", b"{a:1}", b"[1,]",
     b"\x00{}", '"\t"'.encode("utf-16")],
)  # fmt: skip
def test_what_has_no_single_meaning_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedJson) as caught:
        loads(raw)
    assert str(caught.value)
    str(caught.value).encode()


def test_the_deepest_allowed_is_allowed() -> None:
    assert loads(b"[" * 32 + b"]" * 32)
    assert loads(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501


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


@given(_JSON, st.booleans())
def test_reads_what_any_writer_writes(value: object, escaped: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_raises_nothing_but_its_own(raw: bytes) -> None:
    with suppress(MalformedJson):
        loads(raw)
