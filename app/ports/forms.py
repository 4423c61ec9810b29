"""Forms of sources: how the logs of a source are written, where an admin said so."""

from __future__ import annotations

from typing import Protocol

import msgspec

#: Most forms of one record; longest pattern of names, and of first lines, in characters.
FORMS, NAME_LIMIT, PATTERN_LIMIT = 1_000, 500, 1_000


class SourceForm(msgspec.Struct, frozen=True):
    """How the logs of the sources are read whose name fits a pattern. An empty text leaves it to be recognised."""

    #: A source's address, agent, token or path, in which `*` stands for any characters and `?` for one. No two forms have one name.
    name: str
    #: A dialect, or a form of text.
    dialect: str = ""
    #: The zone of times that name no offset: an IANA name or an offset.
    zone: str = ""
    #: An expression (RE2) that is found in the first line of each log of a text, and in no other.
    first_line: str = ""
    #: The user or address that set it, and when, in ms since 1970.
    by: str = ""
    changed: int = 0


class FormKeeper(Protocol):
    """Keeps forms of sources. Every method raises Unavailable."""

    def forms(self) -> list[SourceForm]:
        """Return the forms, by name."""

    def keep_form(self, form: SourceForm) -> None:
        """Keep a form, durably, in the place of an earlier one of its name."""

    def drop_form(self, name: str) -> bool:
        """Forget the form of a name; return whether there was one."""
