"""The compression of stored values: every value comes back, JSON that is not compressed is stored as it is."""

from hashlib import sha256
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from signpost.schemas.documents.examples import RECOMMENDATION_EVENT
from signpost.storage import compression
from signpost.storage.compression import as_it_is, compress, restore

MESSAGE = orjson.dumps(RECOMMENDATION_EVENT)
RELEASED = {"1.zdict": "86b26d5f2f32754f62c1503053b3152df39cd40c50cacd8582d77d51df2a6aa9"}
"""A dictionary and its digest: without it, nothing that was compressed with it can be read."""


@given(st.binary())
@example(b"")
@example(b"\x00")
@example(b"\x01" * 500)
@example(b"\x1f")
def test_every_value_comes_back(value: bytes) -> None:
    assert restore(compress(value)) == value
    assert restore(as_it_is(value)) == value


def test_a_message_is_a_fraction_of_its_size() -> None:
    assert len(compress(MESSAGE)) * 3 < len(MESSAGE)
    assert restore(compress(MESSAGE)) == MESSAGE


@pytest.mark.parametrize("value", [b"{}", b"[1]", b"null", MESSAGE])
def test_json_that_is_not_compressed_is_stored_as_it_is(value: bytes) -> None:
    """So that a version before compression reads it."""
    assert as_it_is(value) == value


def test_what_does_not_get_smaller_is_not_compressed() -> None:
    assert compress(b"{}") == b"{}"


def test_damaged_bytes_are_an_error_and_no_other_value() -> None:
    for damaged in (compress(MESSAGE)[:-1], compress(MESSAGE)[:1] + b"{}"):
        with pytest.raises(zstandard.ZstdError):
            restore(damaged)


def test_no_released_dictionary_changes() -> None:
    folder = Path(compression.__file__).parent / "dictionaries"
    assert {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()} == RELEASED
