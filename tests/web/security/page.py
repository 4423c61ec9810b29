"""The table of routes in docs/security.md, made from the URL map: `python -m tests.web.security.page` writes it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from app.backends import upgrade
from app.settings.settings import Settings
from app.web import create_app
from app.web.security.rights import Right, right_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- routes -->\n", "<!-- /routes -->"
#: Columns of the table, and who gets through by each right.
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


def page(app: Flask) -> str:
    """Return the page with its table anew."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return before + BEGIN + table(app) + END + rest.partition(END)[2]


if __name__ == "__main__":
    made = Settings.from_env({"LOGINGESTOR_DATA_DIR": tempfile.mkdtemp()})
    upgrade(made)
    PAGE.write_text(page(create_app(made)))
