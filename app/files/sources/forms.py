"""How sources write, as an admin said: which form counts for whom, checked when it is kept and asked for at most every FRESH_SECONDS.

A process whose sources have no form pays a look at the clock for each request. While the record can't be asked, what is known counts on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from app.errors import InvalidInput, Problem, Unavailable
from app.files.preview import check_first_line, known
from app.files.sources.matching import FormMatcher
from app.log.fold import clean
from app.ports.forms import FORMS, NAME_LIMIT, FormKeeper, SourceForm
from app.times.instant import now_ms
from app.times.written import Assumed
from app.times.zone import read_zone

log = logging.getLogger(__name__)

#: Seconds for which what the record said is taken as still so, and after which it is asked again that could not be.
FRESH_SECONDS, RETRY_SECONDS = 2.0, 15.0


def check(name: str, dialect: str, zone: str, first_line: str, by: str) -> SourceForm:
    """Return the form as it is kept. Raises InvalidInput naming each field at fault."""
    form = SourceForm(clean(name).strip(), dialect.strip(), zone.strip(), clean(first_line), clean(by), now_ms())
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("name", lambda: _check_length(form.name, NAME_LIMIT) if form.name else _refuse("is missing")),
        ("dialect", lambda: known(form.dialect or None)),
        ("zone", lambda: form.zone and read_zone(form.zone)),
        ("first_line", lambda: check_first_line(form.first_line)),
    )
    problems = list[Problem]()
    for field, step in steps:
        try:
            step()
        except InvalidInput as error:
            problems.append(Problem(error.problems[0].message, field))
    if not (form.dialect or form.zone or form.first_line):
        problems.append(
            Problem("is missing, and so are `zone` and `first_line`: nothing is said of the source", "dialect")
        )
    if problems:
        raise InvalidInput(*problems)
    return form


def keep(keeper: FormKeeper, form: SourceForm) -> None:
    """Keep a form that was checked. Raises InvalidInput where there are too many, and Unavailable."""
    there = {one.name for one in keeper.forms()}
    if form.name not in there and len(there) >= FORMS:
        raise InvalidInput(Problem(f"would be one more than the {FORMS:,} that can be kept", "name"))
    keeper.keep_form(form)


def keep_forms(keeper: FormKeeper, forms: Iterable[SourceForm]) -> None:
    """Keep the forms of another record: those that are here stay as they are."""
    there = {one.name for one in keeper.forms()}
    for form in forms:
        if form.name not in there:
            keeper.keep_form(form)


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        _refuse(f"is longer than {most:,} characters")


def _refuse(message: str) -> None:
    raise InvalidInput(Problem(message))


def applied(form: SourceForm | None, assumed: Assumed) -> Assumed:
    """Return what is *assumed* of a source with what its form says."""
    if form is None:
        return assumed
    zone = read_zone(form.zone) if form.zone else assumed.zone
    return Assumed(
        assumed.now.astimezone(zone),
        zone,
        assumed.order,
        form.dialect or assumed.form,
        form.first_line or assumed.first_line,
    )


class SourceForms:
    """The forms of sources that one process knows; safe for all its threads."""

    def __init__(self, keeper: FormKeeper, clock: Callable[[], float] = time.monotonic) -> None:
        self._keeper = keeper
        self._clock = clock
        self._guard = threading.Lock()
        self._matcher = FormMatcher()
        #: Until when they need not be asked for; at first they must be.
        self._until = float("-inf")

    def forget(self) -> None:
        """Ask anew at the next use: this process has changed them."""
        self._until = float("-inf")

    def of(self, names: Callable[[], Iterable[str]]) -> SourceForm | None:
        """Return the form that counts for the source with these *names*, which are asked for where there are forms at all."""
        if self._clock() >= self._until:
            self._ask()
        matcher = self._matcher
        return matcher.best(names()) if matcher.forms else None

    def assumed(self, names: Callable[[], Iterable[str]], otherwise: Callable[[], Assumed]) -> Assumed:
        """Return what is assumed of the source, over what is so *otherwise*."""
        return applied(self.of(names), otherwise())

    def _ask(self) -> None:
        # One asks for all; others go on with what is known, but where nothing was ever asked.
        if not self._guard.acquire(blocking=self._until == float("-inf")):
            return
        try:
            if self._clock() < self._until:
                return
            forms = self._keeper.forms()
            if forms != self._matcher.forms:
                self._matcher = FormMatcher(forms)
            self._until = self._clock() + FRESH_SECONDS
        except Unavailable as error:
            self._until = self._clock() + RETRY_SECONDS
            log.warning("how sources write can't be asked for: %s", error)
        finally:
            self._guard.release()
