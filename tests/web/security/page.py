"""The table of routes in docs/security.md, made from the URL map: `python -m tests.web.security.page` writes it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from app.backends import upgrade
from app.cli import COMMANDS, load
from app.cli.recorded import ADMINISTRATION, READS
from app.settings.settings import Settings
from app.web import create_app
from app.web.security.rights import Right, right_of
from app.web.server.door import SOCKETS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- routes -->\n", "<!-- /routes -->"
#: Columns of the table, and who gets through by each right.
SOCKETS_BEGIN, SOCKETS_END = "<!-- sockets -->\n", "<!-- /sockets -->"
COMMANDS_BEGIN, COMMANDS_END = "<!-- commands -->\n", "<!-- /commands -->"
COLUMNS = ("none", "wrong, revoked, expired", "writer", "reader", "bound reader", "admin")
_YES, _NO, _ASK = "yes", "403", "401"
ANSWERS: dict[Right, tuple[str, ...]] = {
    "anyone": (_YES, _YES, _YES, _YES, _YES, _YES),
    "member": (_ASK, _ASK, _YES, _YES, _YES, _YES),
    "either": (_ASK, _ASK, _YES, _YES, "bound", _YES),
    "session": (_ASK, _ASK, _NO, "user", "user", "user"),
    "writer": (_ASK, _ASK, _YES, _NO, _NO, _YES),
    "reader": (_ASK, _ASK, _NO, _YES, "bound", _YES),
    "unbound": (_ASK, _ASK, _NO, _YES, _NO, _YES),
    "admin": (_ASK, _ASK, _NO, _NO, _NO, _YES),
}
#: Commands that write their entries themselves, in the transaction of what they change.
OWN = {
    "audit-log mend": "`audit-log.mend`",
    "tokens create": "`token.create`",
    "tokens revoke": "`token.revoke`",
    "users add": "`user.add`",
    "users role": "`user.role`",
    "users reset": "`user.password`",
    "users link": "`user.link`",
    "users remove": "`user.remove`",
    "users disable": "`user.disable`",
    "users enable": "`user.enable`",
    "users logout": "`session.end`",
    "users remove-totp": "`user.remove-totp`",
    "users remove-passkeys": "`user.remove-passkey`",
}


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield path, method and endpoint of each route."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.rule, method, rule.endpoint


def table(app: Flask) -> str:
    """Return the table as it must be."""
    rows: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for path, method, endpoint in routes(app):
        rows.setdefault((path.replace("|", "\\|"), ANSWERS[right_of(endpoint)]), set()).add(method)
    head = f"| route | methods | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 2)}\n"
    return head + "".join(
        f"| `{path}` | {', '.join(sorted(methods))} | {' | '.join(answers)} |\n"
        for (path, answers), methods in sorted(rows.items())
    )


def sockets(app: Flask) -> str:
    """Return the table of sockets: each is asked for as the route of its path is."""
    adapter = app.url_map.bind("")
    head = f"| socket | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}\n"
    rows = ((path, ANSWERS[right_of(adapter.match(path)[0])]) for path in SOCKETS)
    return head + "".join(f"| `{path}` | {' | '.join(answers)} |\n" for path, answers in rows)


def commands() -> dict[str, str]:
    """Return what each command leaves in the audit log, by its name."""
    found = {}
    for name in COMMANDS:
        command = load(name)
        for full in [f"{name} {inner}" for inner in command.commands] if isinstance(command, click.Group) else [name]:
            left = (
                "`command`" if full in ADMINISTRATION else f"`{READS[full]}`" if full in READS else OWN.get(full, "–")
            )
            found[full] = left
    return found


def command_table() -> str:
    """Return the table of commands: none asks who runs it, and what each leaves."""
    head = "| command | in the audit log |\n|---|---|\n"
    return head + "".join(f"| `{name}` | {left} |\n" for name, left in sorted(commands().items()))


def page(app: Flask) -> str:
    """Return the page with its tables anew."""
    text = PAGE.read_text()
    for begin, made, end in (
        (BEGIN, table(app), END),
        (SOCKETS_BEGIN, sockets(app), SOCKETS_END),
        (COMMANDS_BEGIN, command_table(), COMMANDS_END),
    ):
        before, _, rest = text.partition(begin)
        text = before + begin + made + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    made = Settings.from_env({"LOGINGESTOR_DATA_DIR": tempfile.mkdtemp()})
    upgrade(made)
    PAGE.write_text(page(create_app(made)))
