"""Names of fields as people write them: which are known, and what an unknown one may have meant."""

from __future__ import annotations

from difflib import get_close_matches

from app.query.filter import FIELDS

#: Short names of fields, in queries and filters: the space of a log (app/ports/costs.py).
SHORT = {"space": "metadata.space"}


def meant_name(name: str) -> str:
    """Return the name of the field that *name* means in a query; raises ValueError as `check_name` does."""
    return check_name(SHORT.get(name, name))


def check_name(name: str) -> str:
    """Return *name* when it is a field's; raises ValueError with what it may have meant."""
    if name in FIELDS or name.startswith("metadata."):
        return name
    if not name:
        raise ValueError("a field's name is missing")
    raise ValueError(f"there is no field “{name[:100]}”; {_suggestion(name)}")


def _suggestion(name: str) -> str:
    known = {field.lower(): field for field in FIELDS if field != "metadata"}
    plain = name.lower().replace("_", "").replace("-", "")
    near = get_close_matches(plain[:50], known, 1, 0.75)
    own = f"metadata.{name[:100]} if it is a field of your own"
    return f"did you mean {known[near[0]]}? Write {own}" if near else f"write {own}"
