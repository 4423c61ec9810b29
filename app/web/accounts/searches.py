"""The saved searches of tokens and users: who gets a name that somebody else had finds none of theirs."""

from __future__ import annotations

from app.systems.sql.alerts import drop_searches
from app.web.accounts.identity import owner_of
from app.web.accounts.tables import Tables, statements


def forget(session: Tables, kind: str, name: str) -> None:
    """Forget what a `token` or `user` of this name saved, in the transaction in which one is made or removed. Raises Unavailable."""
    with statements(session, "the saved searches of an earlier owner of the name can't be removed") as writing:
        drop_searches(writing, owner_of(kind, name))
