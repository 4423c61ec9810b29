"""The web: the application factory. What a request has of its process is in `app.web.current`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from app.paths import resource
from app.process import Parts
from app.settings.settings import Settings
from app.web.paths import AnyText, LazyRule


class Application(Flask):
    """Flask, for views and hooks that are plain functions."""

    url_rule_class = LazyRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """See Flask. It looks into each view and hook of each request, here eleven, whether they are coroutines: none is."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; raises InvalidSettings for settings that can't be used."""
    # Not at the head: the blueprints lie in this package, so importing any of them runs this file first.
    from app.web import blueprints
    from app.web.accounts import tables
    from app.web.accounts.oidc import page as oidc
    from app.web.accounts.passkeys import page as passkeys
    from app.web.security import access, errors, headers, recording
    from app.web.server import mount

    app = Application(
        "app.web",
        template_folder=str(resource("templates")),
        static_folder="static",
        root_path=str(Path(__file__).parent),
    )
    settings = settings or Settings.from_env(os.environ)
    app.extensions["logingestor"] = Parts(settings)
    app.url_map.strict_slashes = False
    app.url_map.converters["any_text"] = AnyText
    cast(DefaultJSONProvider, app.json).ensure_ascii = False
    headers.install(app)
    errors.install(app)
    tables.install(app, settings)
    access.install(app, settings)
    oidc.install(app, settings)
    passkeys.install(app)
    recording.install(app)
    for blueprint in (*blueprints.ALWAYS, *(blueprints.DOORS_BY_NAME[name] for name in settings.doors)):
        app.register_blueprint(blueprint)
    mount.install(app, settings.path_prefix)
    return app
