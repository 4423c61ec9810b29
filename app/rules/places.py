"""Where in a log a rule looks: names of fields as rules have them, and the places of a log's values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.rules.rule import ANYWHERE, METADATA, TEXTS

#: The place of a value: names from the outside in, those of the record's texts alone, those of metadata behind `metadata`.
Place = tuple[str, ...]


def fault(field: str) -> str | None:
    """Return what is wrong with a field's name, None where nothing is."""
    if field in TEXTS or field == METADATA:
        return None
    path = field.removeprefix(ANYWHERE) if field.startswith(ANYWHERE) else field.removeprefix(f"{METADATA}.")
    if path == field or not all(path.split(".")):
        known = ", ".join((*TEXTS, METADATA))
        return f"{field!r} is not a field: {known}, a path such as metadata.user.name, or *.password"
    return None


def test(fields: Sequence[str]) -> Callable[[Place], bool]:
    """Return whether a value at a place belongs to one of the fields: at it, or anywhere beneath."""
    whole = frozenset(field for field in fields if field in TEXTS or field == METADATA)
    paths = [tuple(field.split(".")) for field in fields if field.startswith(f"{METADATA}.")]
    anywhere = [
        tuple(field.removeprefix(ANYWHERE).lower().split(".")) for field in fields if field.startswith(ANYWHERE)
    ]

    def covers(place: Place) -> bool:
        if place[0] in whole:
            return True
        # A key may hold points itself: `metadata.http.url` is `{"http": {"url": …}}` and `{"http.url": …}`.
        names = tuple(".".join(place).split(".")) if paths or anywhere else place
        if any(names[: len(path)] == path for path in paths):
            return True
        lower = tuple(name.lower() for name in names[1:]) if anywhere else ()
        return any(lower[at : at + len(path)] == path for path in anywhere for at in range(len(lower) - len(path) + 1))

    return covers
