"""Turning pages: the logs of one page of a search in either direction, and the neighbours of one log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.log.record import LogRecord
from app.query.query import Page, Query, Sort, decode_cursor, encode_cursor
from app.web.search.form import SearchForm


@dataclass(frozen=True, slots=True)
class Turned:
    """One page of a search, and the form states of the previous and next page; None where there is no such page."""

    records: Sequence[LogRecord]
    total: int | None
    exact: bool
    first: SearchForm | None
    previous: SearchForm | None
    following: SearchForm | None
    #: Whether the record answered because the index could not.
    from_record: bool

    def links(self, sort: str) -> list[tuple[str, str | None, str | None]]:
        """Return label, URL and relation of each link between pages, in the order in which they are shown."""
        labels = ("Newest", "Newer", "Older") if sort == "desc" else ("Oldest", "Older", "Newer")
        forms = (self.first, self.previous, self.following)
        urls = [None if form is None else form.link() for form in forms]
        return list(zip(labels, urls, (None, "prev", "next"), strict=True))


def turn(find: Callable[[Query], Page], query: Query, form: SearchForm) -> Turned:
    """Return the page that *form* is at, as *find* finds it: after its cursor, or the last one before its `back`.

    Coming back to a first page that is not full shows the first page whole instead.
    """
    start = replace(form, cursor="", back="", open="")
    if form.back:
        page = find(replace(query, after=decode_cursor(form.back), sort=_opposite(query.sort)))
        if page.next is not None:
            records = page.records[::-1]
            previous, following = _beside(start, records)
            return Turned(records, page.total, page.exact, start, previous, following, page.source == "record")
        query, form = replace(query, after=None), start
    page = find(query)
    previous, following = _beside(start, page.records)
    later = form.cursor != ""
    return Turned(
        page.records,
        page.total,
        page.exact,
        first=start if later else None,
        previous=previous if later else None,
        following=None if page.next is None else following,
        from_record=page.source == "record",
    )


def _beside(start: SearchForm, records: Sequence[LogRecord]) -> tuple[SearchForm | None, SearchForm | None]:
    if not records:
        return None, None
    return replace(start, back=encode_cursor(records[0].key)), replace(start, cursor=encode_cursor(records[-1].key))


def _opposite(sort: Sort) -> Sort:
    return "asc" if sort == "desc" else "desc"
