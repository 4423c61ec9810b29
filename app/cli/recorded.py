"""Commands in the audit log: an entry before a command begins and one for how it ended. Commands that serve, or only count, leave no entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from app.errors import InvalidInput, Unavailable
from app.ports.audit_log.chain import AuditLog
from app.ports.audit_log.entry import Outcome, entry

#: Commands that change something: they don't begin where the audit log can't be written.
ADMINISTRATION = frozenset(
    {
        *("queue pause", "queue resume", "dead replay", "dead drop", "notifiers test", "expire", "rebuild", "audit"),
        *("searches add", "searches rename", "searches remove", "alerts add", "alerts change", "alerts remove"),
        *("alerts silence", "alerts unsilence", "delete", "backup", "restore", "copy"),
        *("sources set", "sources remove", "spaces add", "spaces quota"),
    }
)
#: Commands that read logs, and the action that their entry names.
READS = {
    "find": "log.search",
    "tail": "log.follow",
    "export": "log.export",
    "dead list": "dead.read",
    "dead show": "dead.read",
    "rules preview": "log.preview",
    "retention preview": "log.count",
    "alerts test": "log.count",
    "audit-log find": "audit-log.search",
}
#: Names of arguments and options whose values are kept: none of them is a secret, nor a URL.
_NAMES = frozenset(
    [
        "query",
        "start",
        "end",
        "clock",
        "sort",
        "limit",
        "format",
        "columns",
        "output",
        "name",
        "q",
        "reason",
        "everything",
        "ids",
        "identity",
        "dry_run",
        "yes",
        "repair",
        "search",
        "window",
        "until",
        "to",
        "merge",
        "only_check",
        "drop_damaged",
    ]
)
_RETURNED = "logingestor.returned"


def name_of(context: click.Context) -> str:
    """Return what a command is called, without the program: `dead drop`."""
    names = []
    while context.parent is not None:
        names.append(context.info_name or "")
        context = context.parent
    return " ".join(reversed(names))


def detail(**details: Any) -> None:
    """Add *details* to the entry at the running command's end."""
    click.get_current_context().find_root().meta.setdefault(_RETURNED, {}).update(details)


def recorded(audit_log: AuditLog, function: Callable[[], Any]) -> Any:
    """Run a command; one of ADMINISTRATION or READS leaves an entry before it and one at its end. Raises Unavailable, and what the command raises."""
    context = click.get_current_context()
    name = name_of(context)
    action = "command" if name in ADMINISTRATION else READS.get(name)
    if action is None:
        return function()
    from app.audit_log.recorder import operator

    given = {key: value for key, value in context.params.items() if key in _NAMES and value not in (None, (), False)}

    def add(outcome: Outcome, **more: Any) -> None:
        details = {key: _kept(value) for key, value in (given | more).items()}
        made = entry(action, actor=operator(), by="command", subject=name, outcome=outcome, details=details)
        try:
            audit_log.append([made])
        except Unavailable as error:
            if outcome == "asked" and action == "command":
                raise Unavailable(f"the audit log can't be written, and nothing is done without it: {error}") from error
            click.echo(f"this is not in the audit log: {error}", err=True)

    add("asked")
    meta = context.find_root().meta
    try:
        result = function()
    except BaseException as error:
        failed = isinstance(error, SystemExit) and not error.code
        add("refused" if isinstance(error, InvalidInput) else "done" if failed else "failed", **meta.get(_RETURNED, {}))
        raise
    add("done", **meta.get(_RETURNED, {}))
    return result


def _kept(value: Any) -> Any:
    """Return a value as it is kept; a byte that is no UTF-8, as names of files may have, as `\\udcff`."""
    if isinstance(value, tuple | list):
        return " ".join(str(_kept(one)) for one in value)
    return str(value).encode("utf-8", "backslashreplace").decode() if isinstance(value, str | Path) else value
