"""Times that are read together are what each is by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.times import instant

_USUAL = st.builds(
    "2026-1{}-0{}T0{}:3{}:2{}{}Z".format,
    *[st.integers(0, 2)] * 5,
    st.sampled_from(("", ".007", ".250")),
)
_ODD = st.sampled_from(("2026-11-01T25:00:00Z", "2026-11-01T00:30:61Z", "2026-11-01 00:30:20", "now", ""))


@given(st.lists(_USUAL, min_size=1, max_size=9), st.lists(_ODD, max_size=1))
def test_times_read_together(usual: list[str], odd: list[str]) -> None:
    """Also those of minutes that nobody has read before; None where one is odd."""
    instant._minutes.clear()
    instant._heads.clear()
    texts = [*usual, *odd]
    if any(text[8:10] == "00" for text in usual) or odd:
        assert instant.all_plain(texts) is None
    else:
        found = instant.all_plain(texts)
        assert found is not None
        assert [(t, 0) for t in found] == list(map(instant.parse, texts))


@pytest.mark.parametrize("again", [False, True])
def test_a_time_of_a_minute_that_is_known_is_refused_all_the_same(again: bool) -> None:
    """Its seconds may be none."""
    texts = ["2026-11-30T10:02:03Z", "2026-11-30T10:02:99Z"]
    assert instant.all_plain(texts[: 1 + again]) == (None if again else [instant.parse(texts[0])[0]])
