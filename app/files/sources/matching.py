"""Matching sources against many forms: names are compiled once, and the form that counts for a source is kept.

A source is asked for with each of its messages. Whoever sends chooses an agent, and may send another each time: what is kept is
bounded, and to find what was not kept costs a look into two dicts and a few expressions, each of many patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.log.fold import fold
from app.ports.forms import SourceForm
from app.query.meaning import regex, wildcard_regex

#: Patterns in one expression: the most that, each as long as can be, stay well within the memory of one, and few enough that a name
#: which holds parts of many of them is not looked for in many more states than RE2 keeps.
TOGETHER = 32
#: Sources for which what was found is kept, and the most characters of the names of one of them.
SOURCES, NAMES_LENGTH = 4_096, 500
#: Characters of patterns; a form's name without one means itself, in any case.
_SPECIAL = frozenset("*?\\")


@dataclass(frozen=True, slots=True)
class _Group:
    """Patterns that follow each other by rank: one expression for any, one for each, over folded text."""

    any: Any
    members: tuple[tuple[int, Any], ...]


class FormMatcher:
    """Forms as they were read at one time; for all threads."""

    def __init__(self, forms: Iterable[SourceForm] = ()) -> None:
        self.forms = list(forms)
        #: The form that counts before others is first: that of the longest name, its `*` not counted.
        self._ranked = sorted(self.forms, key=lambda form: (len(form.name.replace("*", "")), form.name), reverse=True)
        self._written = {form.name: rank for rank, form in reversed([*enumerate(self._ranked)])}
        self._folded = dict[str, int]()
        patterns = list[tuple[int, str]]()
        for rank, form in enumerate(self._ranked):
            if _SPECIAL.isdisjoint(form.name):
                self._folded.setdefault(fold(form.name), rank)
            else:
                patterns.append((rank, wildcard_regex(form.name)))
        starts = range(0, len(patterns), TOGETHER)
        self._groups = [_group(patterns[start : start + TOGETHER]) for start in starts]
        self._known = dict[tuple[str, ...], SourceForm | None]()

    def best(self, names: Iterable[str]) -> SourceForm | None:
        """Return the form for a source with these names: of the forms that match, the one with the longest name. None where none matches."""
        given = tuple(name for name in names if name)
        known = self._known
        if given in known:
            return known[given]
        rank = self._rank(given)
        found = self._ranked[rank] if rank < len(self._ranked) else None
        if sum(map(len, given)) <= NAMES_LENGTH:
            if len(known) >= SOURCES:
                known = self._known = {}
            known[given] = found
        return found

    def _rank(self, names: tuple[str, ...]) -> int:
        """Return the place of the form that counts, or the number of forms."""
        best = len(self._ranked)
        for name in names:
            folded = fold(name)
            best = min(best, self._written.get(name, best), self._folded.get(folded, best))
            for group in self._groups:
                if group.members[0][0] >= best:
                    break
                if group.any.search(folded) is not None:
                    fitting = (rank for rank, one in group.members if one.search(folded) is not None)
                    best = min(best, next(fitting, best))
        return best


def _group(patterns: Sequence[tuple[int, str]]) -> _Group:
    together = "|".join(pattern for _, pattern in patterns)
    return _Group(regex(together), tuple((rank, regex(pattern)) for rank, pattern in patterns))
