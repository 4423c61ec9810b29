"""The web: the application factory, and what its blueprints share."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from flask import Flask, current_app, request
from flask.json.provider import DefaultJSONProvider

from app import backends as backends_module
from app.backends import Backends
from app.core.paths import resource
from app.core.ports import Budget
from app.core.settings import Settings
from app.drivers import secret
from app.pipeline.accept import Accept
from app.pipeline.notices import Board
from app.pipeline.receipts import Receipts
from app.pipeline.visits import Visits
from app.web.system import Recent

#: Modules of app.web that hold a blueprint `bp`.
BLUEPRINTS = (
    "ingest",
    "filters",
    "hints",
    "pages",
    "health",
    "openapi",
    "tail",
    "notices",
    "metrics",
    "dead",
    "overview",
    "add",
    "notice_page",
    "patterns",
    "trace",
    "searches",
    "alerts",
    "page_searches",
    "page_alerts",
)
#: Seconds that a query may take; for an export, that each piece of it may take.
QUERY_SECONDS = 10.0


@dataclass(slots=True)
class Parts:
    """What one process opens, once, at its first use: a parent that forks or a command that needs none opens none."""

    settings: Settings
    #: Notices that this process knows; filled while it watches (app/web/watching.py).
    board: Board = field(default_factory=Board)
    #: The record's figures that its pages share.
    recent: Recent = field(default_factory=Recent)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _backends: Backends | None = None
    _accept: Accept | None = None
    _receipts: Receipts | None = None
    _visits: Visits | None = None

    def backends(self) -> Backends:
        """Return the backends; opens them at the first call."""
        with self._guard:
            if self._backends is None:
                self._backends = backends_module.connect(self.settings)
                self._visits = Visits(self._backends.store)
            return self._backends

    def receipts(self) -> Receipts:
        """Return the maker of receipts."""
        if self._receipts is None:
            held, retention = self.backends(), self.settings.retention.seconds * 1000
            self._receipts = Receipts(held.queue, held.store, held.index, secret.load(self.settings), retention)
        return self._receipts

    def accept(self) -> Accept:
        """Return the one Accept of this process: its ids ascend over all threads."""
        receipts = self.receipts()
        with self._guard:
            if self._accept is None:
                self._accept = Accept(receipts.queue, receipts, self._visits)
            return self._accept

    def visits(self) -> Visits:
        """Return what this process has seen of sources."""
        self.backends()
        assert self._visits is not None
        return self._visits

    def close(self) -> None:
        """Close what was opened."""
        with self._guard:
            if self._visits is not None:
                self._visits.close()
            if self._backends is not None:
                self._backends.close()
            self._backends = self._accept = self._receipts = self._visits = None


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; raises InvalidSettings for settings that can't be used."""
    from app.web import access, errors, mount

    app = Flask(
        "app.web",
        template_folder=str(resource("templates")),
        static_folder="static",
        root_path=str(Path(__file__).parent),
    )
    settings = settings or Settings.from_env(os.environ)
    app.extensions["logingestor"] = Parts(settings)
    app.url_map.strict_slashes = False
    cast(DefaultJSONProvider, app.json).ensure_ascii = False
    errors.install(app)
    access.install(app, settings)
    for name in BLUEPRINTS:
        if find_spec(f"app.web.{name}") is None:
            continue
        app.register_blueprint(import_module(f"app.web.{name}").bp)
    mount.install(app, settings.path_prefix)
    return app


def parts() -> Parts:
    """Return what the current application has opened."""
    return cast(Parts, current_app.extensions["logingestor"])


def backends() -> Backends:
    """Return the backends of the current application."""
    return parts().backends()


def budget() -> Budget:
    """Return what a query of the current request may use; its client's leaving ends it."""
    return Budget(QUERY_SECONDS, request.environ.get("logingestor.left", _never))


def _never() -> bool:
    return False


def settings() -> Settings:
    """Return the settings of the current application."""
    return parts().settings
