"""JSON of values that are nested deeper than encoders write."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from app.log.scalars import compact_json, deep_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_it_is_what_the_encoder_writes(value: object) -> None:
    """To the byte."""
    assert deep_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_any_depth_is_written() -> None:
    """Of dicts and lists."""
    value: object = "x"
    for _ in range(10_000):
        value = {"a": [value]}
    assert compact_json(value) == '{"a":[' * 10_000 + '"x"' + "]}" * 10_000
