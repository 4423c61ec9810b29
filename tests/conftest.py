"""Fixtures that every room's tests share: settings on an empty folder, backends on it, records."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck
from hypothesis import settings as trials
from hypothesis.strategies import characters

from app.backends import Backends, connect
from app.drain import drain
from app.drain.indexing import Indexing
from app.log.envelope import Envelope
from app.log.record import IdSource, LogRecord
from app.process import Parts
from app.settings.settings import Settings
from app.times import instant
from app.web import create_app
from tests.compiled import compile_once
from tests.prepared import prepare

pytest_plugins = ["tests.services.fixtures", "tests.notify.channels.receivers"]

#: What the summary says of tests that several processes of tests would disturb.
ALONE = "wants the machine for itself: make test JOBS=0 ARGS='-m alone'"

# Hypothesis takes slow examples for a fault of the test; here they mean that something else uses the processor.
# A fixture that several examples share is meant to be shared: a server of our own, an empty record.
trials.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
trials.load_profile("busy")
compile_once()
# Until the tests are collected nearly nothing of what is made goes again: to look for it takes a fifth of the time.
gc.disable()
#: How many more objects there are before some are looked for that only hold each other, and what a look at older ones waits for.
#: Each application that a test makes is thousands of them: at Python's 700, a twentieth of the tests' time is looking.
LOOKS = (50_000, 10, 10)

#: Name of the property of a test that is a line for the summary.
SAID = "said"

MakeRecord = Callable[..., LogRecord]
Fill = Callable[[Sequence[LogRecord]], None]


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Import the files of tests in one process after the other's: what one has compiled the others find, and need not compile.

    Where each began with the first, all would compile each file in the same moment. A file that fails here is reported when it is collected.
    """
    place, count = os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if not place and session.config.getoption("numprocesses", None):
        # Hypothesis looks through all of Unicode once for each folder, in two seconds; each of them would, at its first text.
        characters(codec="utf-8").validate()
    root = session.config.rootpath
    files = sorted(file for name in session.config.args for file in (root / name).rglob("test_*.py"))
    begin = len(files) * int(place.removeprefix("gw") or 0) // count
    for file in files[begin:] + files[:begin] if count > 1 else []:
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(file.relative_to(root).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is marked `alone` to a run of its own where files of tests are passed side by side; begin with what is `long`."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        for item in items:
            if item.get_closest_marker("alone") is not None:
                item.add_marker(pytest.mark.skip(reason=ALONE))


def pytest_collection_finish() -> None:
    """Look for what goes again from here on, and never through the modules and ten thousand tests."""
    gc.set_threshold(*LOOKS)
    gc.enable()
    gc.freeze()


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what has a line stand in the summary, whether the test passes or not, and whichever process passes it."""
    return partial(record_property, SAID)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests say of themselves."""
    reports = [one for some in terminalreporter.stats.values() for one in some if isinstance(one, pytest.TestReport)]
    for report in reports:
        for name, line in report.user_properties:
            if name == SAID and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {line}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings on an empty, migrated data folder."""
    made = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path / "data"), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"})
    prepare(made)
    return made


@pytest.fixture
def backends(settings: Settings) -> Iterator[Backends]:
    """The default backends: one SQLite file."""
    opened = connect(settings)
    yield opened
    opened.close()


@pytest.fixture
def app(settings: Settings, backends: Backends) -> Iterator[Flask]:
    """The application on the same files as `backends`."""
    made = create_app(settings)
    made.testing = True
    yield made
    made.extensions["logingestor"].close()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close what any application of the test has opened: of ten thousand tests a process could not keep the files open."""
    made: list[Parts] = []
    begin = Parts.__post_init__

    def noted(parts: Parts) -> None:
        begin(parts)
        made.append(parts)

    # By a patch of its own: what a test patches is taken back before what its fixtures made is closed only if it comes last.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "__post_init__", noted)
        yield
    for parts in made:
        parts.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of `app` that needs no server."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs commands against `app`."""
    return app.test_cli_runner()


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a function that makes a record; ids ascend, `timestamp` may be given as RFC 3339."""
    ids = IdSource()

    def make(**fields: Any) -> LogRecord:
        t, ns = instant.parse(fields.pop("timestamp")) if "timestamp" in fields else (1_694_764_800_000, 0)
        identity = fields.pop("id", None) or ids.take(1).to_bytes(16, "big")
        defaults = {"level": "info", "message": "hello"}
        return LogRecord(id=identity, **{"t": t, "ns": ns, **defaults, **fields})

    return make


def fill_backends(backends: Backends, records: Sequence[LogRecord]) -> None:
    """Put *records* through the queue and drain it, so that they are findable."""
    envelopes = [Envelope(list(records[start : start + 100])) for start in range(0, len(records), 100)]
    backends.queue.put(envelopes)
    indexing = Indexing(backends.store, backends.record.letters, backends.index)
    while backends.queue.depth().logs:
        if backends.move is not None:
            backends.move(2_000, 0)
        else:
            drain.drain(backends.queue, backends.record, indexing, 2_000, 0)
    while backends.store.lacking().logs:
        indexing.settle(now=True)
        indexing.catch_up()
    for care in backends.tidy:
        care()


@pytest.fixture
def fill(backends: Backends) -> Fill:
    """Return a function that makes records findable in `backends`."""
    return lambda records: fill_backends(backends, records)
