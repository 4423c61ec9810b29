"""A row of the table: how a dialect is recognised, and where the fields of its logs lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

#: A name at the top of the object, or a path of names written with `>` between them: names may hold dots themselves.
Path = str

#: The tests that a sign may ask of a value, by the word behind its colon; a digit is an integer between -9 and 9.
KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "number": (int, float),
    "digit": (int,),
    "str": (str,),
    "dict": (dict,),
    "list": (list,),
    "any": (int, float, str, dict, list, bool, type(None)),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect. An object is in it when it has every sign of one of the sets, with values of these kinds.

    Of each field the paths are the dialect's own, the best first; names that every dialect may use
    (app/log/foreign/roles.py) are tried behind them.
    """

    name: str
    #: Programs that write it, with the versions that were run and read.
    producers: str
    #: Sets of signs, each `name`, `path>name`, `name:kind`, or `!name` for one that must be missing. The first sign of a
    #: set is the one by which it is looked for, so it should be rare.
    signs: tuple[tuple[str, ...], ...]
    message: tuple[Path, ...] = ()
    level: tuple[Path, ...] = ()
    timestamp: tuple[Path, ...] = ()
    resource: tuple[Path, ...] = ()
    trace: tuple[Path, ...] = ()
    span: tuple[Path, ...] = ()
    exception: tuple[Path, ...] = ()
    #: The name of a text of which the message may be the beginning, cut off after a number of characters.
    whole: str | None = None
    #: Scale of the level's numbers, of app/log/foreign/scales.py.
    scale: str | None = None
    #: Levels by the text or number under the level's path, where they are neither names nor on a scale.
    levels: tuple[tuple[str, str], ...] = ()
    #: Unit of the time's numbers where their size doesn't show it: `s`, `ms`, `us`, `ns`.
    unit: str | None = None
    #: Path of a second number with what the time leaves out, and how many nanoseconds one of it is.
    fraction: tuple[Path, int] | None = None
    #: The level of a log that names none; without it an error where something failed, else `info`.
    default: str | None = None
    #: Where a log of another program lies within: its text or object; or a list of logs that each stand for themselves,
    #: with `*` in the path for every element of a list on the way.
    inner: Path | None = None
    events: Path | None = None
    #: A message that is itself a log of JSON is read as one although the dialect names a level: that of a carrier, which knows
    #: only the stream that a line came by.
    carries: bool = False
    #: Day on which a program of this row was run and its output read; empty where the row is made from its documentation.
    run: str = ""
    #: Names under which lists of objects with a key and a value lie, as OpenTelemetry writes attributes.
    pairs: tuple[str, ...] = ()
    #: Names of a text with `{}` in it and of the list of what belongs there, and the name that the whole text gets.
    template: tuple[str, str, str] | None = None


@lru_cache(maxsize=2_048)
def split(path: Path) -> tuple[str, ...]:
    """Return the names of a path."""
    return tuple(path.split(">"))


def at(value: Any, names: tuple[str, ...]) -> Any:
    """Return what lies at the end of the names; None where there is nothing."""
    for name in names:
        if type(value) is not dict:
            return None
        value = value.get(name)
    return value
