"""Regular expressions for tests: any that RE2's syntax allows, over characters that are treated specially somewhere."""

from __future__ import annotations

import re2
from hypothesis import strategies as st

#: Characters that differ in case only, that Lucene's or RE2's syntax knows, and that a class holds or not.
ALPHABET = [*"aAbBkKsS_ 0.\\*?", "\n", *'éÉ\u212aſ😀-"#@&<~ß日\tẞ]^']
_CLASSES = (r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\n", r"\x41", r"\x{212a}", r"\t", r"\pL", r"\PL", r"\p{Greek}")
_MEMBERS = [
    "a-k",
    "A-S",
    r"\d",
    "[:alpha:]",
    r"\\",
    r"\]",
    r"\-",
    "é",
    "K",
    "s",
    "_",
    "😀",
    r"\w",
    r"\W",
    "\n",
    ".",
    "*",
]
_MEMBERS += ['"', "&", "[:^digit:]", r"\pL", r"\PN"]
_TIMES = ("*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}", "*?", "+?", "{0}")

_plain = st.one_of(
    st.sampled_from(ALPHABET).map(re2.escape),
    st.just("."),
    st.sampled_from(_CLASSES),
    st.builds(
        lambda negative, members: f"[{negative}{''.join(members)}]",
        st.sampled_from(("", "^")),
        st.lists(st.sampled_from(_MEMBERS), min_size=1, max_size=3),
    ),
    st.sampled_from(("^", "$", r"\A", r"\z", r"\b", r"\b", r"\B")),
)
_groups = st.sampled_from(("({})", "(?:{})", "(?i:{})", "(?s:{})", "(?m:{})", "(?P<name>{})"))


def _sequences(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.builds(lambda atom, times: atom + times, atoms, st.sampled_from(("", "", "", *_TIMES)))
    sequence = st.builds(
        lambda flags, parts: flags + "".join(parts),
        st.sampled_from(("", "", "", "(?i)", "(?m)")),
        st.lists(many, max_size=4),
    )
    return st.lists(sequence, min_size=1, max_size=2).map("|".join)


patterns = _sequences(
    st.recursive(
        _plain,
        lambda inner: st.builds(lambda group, text: group.format(text), _groups, _sequences(inner)),
        max_leaves=6,
    )
)
