"""Death at a chosen call: a real backend behind a wrapper that passes everything on, until it is time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from app.ports.parts import RecordParts


class Killed(BaseException):
    """Stands for the death of the process: nothing of ours catches it."""


class Clock:
    """Counts the calls of all wrappers that share it, and says which is the last, and whether it still happens."""

    def __init__(self, last: int, after: bool, raised: Callable[[], BaseException] = Killed) -> None:
        self.calls = 0
        self.names: list[str] = []
        self._last = last
        self._after = after
        self._raised = raised

    def run(self, name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Make the call, unless it is the last and death comes before it; raise after it if it is the last."""
        self.calls += 1
        self.names.append(name)
        fatal = self.calls == self._last
        if fatal and not self._after:
            raise self._raised()
        result = call(*given, **named)
        if fatal:
            raise self._raised()
        return result


class Mortal:
    """Passes attributes and calls on to *real*; calls of *methods* (all public ones without any) are counted."""

    def __init__(self, real: Any, clock: Clock, *methods: str) -> None:
        self._real = real
        self._clock = clock
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        """Return the real attribute; a counted method wrapped."""
        found = getattr(self._real, name)
        if not callable(found) or name.startswith("_") or (self._methods and name not in self._methods):
            return found
        return lambda *given, **named: self._clock.run(name, found, *given, **named)


def each_part(record: RecordParts, wrap: Callable[[Any], Any]) -> RecordParts:
    """Return the parts of a record, each in a wrapper."""
    return RecordParts(**{field.name: wrap(getattr(record, field.name)) for field in fields(record)})


def mortal_record(record: RecordParts, clock: Clock, *methods: str) -> RecordParts:
    """Return the parts of a record, each of them mortal."""
    return each_part(record, lambda part: Mortal(part, clock, *methods))
