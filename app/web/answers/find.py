"""Answers of the routes that find."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from app.find.patterns.patterns import Pattern, Patterns
from app.log.record import ShownLog, id_text
from app.query.query import FieldInfo, Page, Value, encode_cursor
from app.query.text import text
from app.shown import Count, Moment, Shown, TotalIs, Uuid, total_is
from app.times import instant
from app.web.answers.reply import Answer

Source = Literal["index", "record"]
Exact = Annotated[bool, Meta(description="False when only the newest of many logs were counted.")]


class ShownUnread(Shown):
    """Logs that can't be read, for the disk or the memory changed them: which, in words, and how many."""

    where: str
    logs: Count


class PartialAnswer(Answer, kw_only=True):
    """An answer from what can be read."""

    unread: (
        Annotated[
            list[ShownUnread],
            Meta(description="There when damaged logs were left out; then no count is exact."),
        ]
        | UnsetType
    ) = UNSET


class PendingAnswer(PartialAnswer, kw_only=True):
    """An answer from what could be found when it was asked; its last fields say what could not."""

    pending: Annotated[
        Count | None,
        Meta(description="Accepted logs that this answer can't have seen; never too low; null when that is not known."),
    ]
    pending_is: Literal["exact", "at most"] | None
    lag_ms: Annotated[Count | None, Meta(description="Age of the oldest of them; 0 without any.")]


class PageAnswer(PendingAnswer):
    """One page of the logs that fit."""

    results: list[ShownLog]
    total: Count | None
    total_is: TotalIs
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last.")]
    source: Source

    @classmethod
    def of(cls, page: Page, pending: dict[str, Any]) -> PageAnswer:
        """Return the answer that shows a page."""
        return cls(
            True,
            [record.shown() for record in page.records],
            page.total,
            total_is(page.exact),
            None if page.next is None else encode_cursor(page.next),
            page.source,
            **pending,
        )


class OneAnswer(Answer):
    """One log."""

    log: ShownLog


class ContextAnswer(PendingAnswer):
    """A log and its neighbours, oldest first."""

    results: list[ShownLog]


class ShownBucket(Shown):
    """A bar of a histogram: when it begins, how many logs are in it, and how many of each level."""

    start: Moment
    count: Count
    by: dict[str, Count]


class HistogramAnswer(PendingAnswer):
    """Counts over time."""

    interval_ms: Annotated[int, Meta(ge=1)]
    buckets: list[ShownBucket]


class FacetsAnswer(PendingAnswer):
    """The most frequent values of each field."""

    facets: dict[str, list[Value]]
    exact: Exact


class FieldsAnswer(PendingAnswer):
    """The fields that occur."""

    fields: list[FieldInfo]
    exact: Exact


class PatternSample(Shown):
    """The newest log of a pattern, its message cut."""

    id: Uuid
    message: str


class ShownPattern(Shown):
    """Messages that are alike."""

    pattern: Annotated[str, Meta(description="The first line; `<number>` and the like stand where messages differ.")]
    count: Annotated[int, Meta(ge=1)]
    share: Annotated[float, Meta(ge=0, le=1)]
    levels: dict[str, Count]
    first: Moment
    last: Moment
    sample: PatternSample
    query: Annotated[str, Meta(description="Finds every log that was counted, in the query language.")]
    shared: Annotated[
        Count | None,
        Meta(description="Other patterns whose logs it finds, too, as far as samples show; null: not looked at."),
    ]

    @classmethod
    def of(cls, pattern: Pattern, looked_at: int) -> ShownPattern:
        """Return a pattern of so many logs as answers show it."""
        logs = pattern.logs
        identity, message = logs.sample
        return cls(
            pattern.template.text(),
            logs.count,
            round(logs.count / looked_at, 4),
            dict(sorted(logs.levels.items(), key=lambda pair: (-pair[1], pair[0]))),
            instant.text(logs.first),
            instant.text(logs.last),
            PatternSample(id_text(identity), message),
            text(pattern.filter),
            pattern.shared,
        )


class PatternsAnswer(PendingAnswer):
    """The patterns that the messages of the newest logs follow, most frequent first."""

    patterns: list[ShownPattern]
    more: Annotated[Count, Meta(description="Patterns beyond `size`.")]
    logs: Annotated[Count, Meta(description="Logs looked at: the newest.")]
    total: Count | None
    total_is: TotalIs
    exact: Annotated[bool, Meta(description="False when not all logs that fit were looked at.")]
    source: Source

    @classmethod
    def of(cls, found: Patterns, size: int, pending: dict[str, Any]) -> PatternsAnswer:
        """Return the answer that shows the *size* most frequent patterns."""
        return cls(
            True,
            [ShownPattern.of(pattern, found.logs) for pattern in found.patterns[:size]],
            max(len(found.patterns) - size, 0),
            found.logs,
            found.total,
            total_is(found.total_exact),
            found.whole,
            "record" if found.from_record else "index",
            **pending,
        )
