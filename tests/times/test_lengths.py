"""Lengths of time: briefly, in full, in words, as they are typed."""

from __future__ import annotations

import pytest

from app.settings.values import parse_seconds
from app.times.lengths import MS, SECOND, brief, full, typed, worded


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (999, "999 ns"),
        (1_500, "1.5 µs"),
        (12_345_678, "12.3 ms"),
        (1_520_000_000, "1.52 s"),
        (59_990_000_000, "60 s"),
        (60 * SECOND, "1 min"),
        (61 * SECOND, "1 min 1 s"),
        (200 * SECOND, "3 min 20 s"),
        (3_600 * SECOND, "1 h"),
        (3_725 * SECOND, "1 h 2 min"),
        (86_405 * SECOND, "1 d"),
        (90_061 * SECOND, "1 d 1 h"),
        (4_000 * 86_400 * SECOND, "4,000 d"),
    ],
)
def test_briefly(ns: int, said: str) -> None:
    """Three digits and a unit, or two units; nothing is shorter than nothing."""
    assert brief(ns) == said


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 s"),
        (1, "0.000000001 s"),
        (120 * SECOND, "2 min"),
        (86_401 * SECOND, "1 d 1 s"),
        (97_212 * SECOND + 500 * MS, "1 d 3 h 12.5 s"),
    ],
)
def test_in_full(ns: int, said: str) -> None:
    """Every unit that is there, and nothing is rounded."""
    assert full(ns) == said


@pytest.mark.parametrize(
    ("seconds", "words", "text"),
    [
        (1, "1 second", "1s"),
        (60, "1 minute", "1m"),
        (300, "5 minutes", "5m"),
        (5_400, "90 minutes", "90m"),
        (3_600, "1 hour", "1h"),
        (172_800, "2 days", "2d"),
    ],
)
def test_in_words_and_as_typed(seconds: int, words: str, text: str) -> None:
    """In the largest unit that measures it; what is typed is read back."""
    assert (worded(seconds * SECOND), typed(seconds * SECOND)) == (words, text)
    assert parse_seconds(text) == seconds
