"""The statistics of a field in words, for the panel beside the logs."""

from __future__ import annotations

from collections.abc import Iterator

from app.find.hints.explain import LowerBound
from app.find.hints.statistics import Numbers, Statistics
from app.query.sentence import logs
from app.web.render.zone import exactly


def lines(found: Statistics) -> list[tuple[str, str]]:
    """Return what is known of a field as pairs of name and figure."""
    return list(_lines(found))


def _lines(found: Statistics) -> Iterator[tuple[str, str]]:
    if found.having is not None:
        yield "in", f"{counted(found.having)} logs{_share(found.having, found.logs)}"
    if found.distinct is not None:
        yield "different values", counted(found.distinct)
    if len(found.types) > 1:
        total = sum(found.types.values())
        yield "types", ", ".join(f"{name} {percent(count, total)}" for name, count in found.types.items())
    if found.numbers is not None:
        yield from _numbers(found.numbers)
    for name, at in (("first", found.first), ("last", found.last)):
        if at is not None:
            yield name, exactly(at)
    if found.looked_at and not found.whole and (found.numbers is not None or len(found.types) > 1):
        yield "looked at", f"the newest {logs(found.looked_at)} that {'has' if found.looked_at == 1 else 'have'} it"
    if found.unasked:
        yield "not in time", "; ".join(found.unasked)


def _numbers(numbers: Numbers) -> Iterator[tuple[str, str]]:
    yield "least", _number(numbers.least)
    yield "mean", _number(numbers.mean)
    yield "greatest", _number(numbers.greatest)
    yield "percentiles", ", ".join(f"p{at}\u00a0{_number(value)}" for at, value in numbers.percentiles.items())


def counted(number: LowerBound) -> str:
    """Return a count that may be a least."""
    return f"{'' if number.exact else 'at least '}{number.total:,}"


def percent(count: int, of: int) -> str:
    """Return a share in percent: 0 and 100 only where it is none and all."""
    share = round(100 * count / of) if of else 0
    if 0 < count < of:
        share = min(max(share, 1), 99)
    return f"{min(share, 100)} %"


def _share(part: LowerBound, whole: LowerBound | None) -> str:
    return f", {percent(part.total, whole.total)}" if whole is not None and whole.exact and part.exact else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.6g}"
