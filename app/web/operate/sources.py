"""GET /sources: who sends, and how their logs are read. POST and DELETE: what an admin says of how sources write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from app.errors import InvalidInput, NotFound, Problem
from app.files.sources import forms as source_forms
from app.files.sources.matching import FormMatcher
from app.files.sources.shown import ShownForm, ShownSource
from app.ports.figures import SOURCES
from app.ports.forms import SourceForm
from app.web.alerts import saved
from app.web.answers.reply import DoneAnswer
from app.web.answers.sources import SourceFormAnswer, SourcesAnswer
from app.web.current import backends, parts
from app.web.security.access import who

bp = Blueprint("sources", __name__)

#: Names of what makes a form.
NAMES = ("name", "dialect", "zone", "first_line")


@bp.get("/sources")
def every() -> Response:
    """Answer the forms, and the sources with what was recognised."""
    saved.body(())
    record = backends().record
    forms, found = record.forms.forms(), record.figures.sources(SOURCES).sources
    matcher = FormMatcher(forms)
    shown = [ShownSource.of(one, matcher) for one in found]
    return saved.fresh(SourcesAnswer(True, [ShownForm.of(one) for one in forms], shown))


@bp.post("/sources")
def keep() -> Response:
    """Keep how the sources of a name write, in the place of what was said before."""
    return saved.fresh(SourceFormAnswer(True, ShownForm.of(kept(saved.body(NAMES)))))


@bp.delete("/sources")
def remove() -> Response:
    """Forget how the sources of a name write: it is recognised again."""
    removed(saved.body(("name",)).get("name", ""))
    return saved.fresh(DoneAnswer(True))


def kept(given: Mapping[str, Any]) -> SourceForm:
    """Check and keep a form. Raises InvalidInput naming each field at fault, and Unavailable."""
    wrong = [name for name in NAMES if not isinstance(given.get(name, ""), str)]
    if wrong:
        raise InvalidInput(*(Problem("must be a text", name) for name in wrong))
    name, dialect, zone, first_line = (given.get(name, "") for name in NAMES)
    asks = who()
    form = source_forms.check(name, dialect, zone, first_line, "" if asks is None else asks.name)
    source_forms.keep(backends().record.forms, form)
    parts().source_forms().forget()
    return form


def removed(name: str) -> None:
    """Forget the form of a name. Raises NotFound, and Unavailable."""
    if not backends().record.forms.drop_form(name):
        raise NotFound("nothing is said of sources of this name")
    parts().source_forms().forget()
