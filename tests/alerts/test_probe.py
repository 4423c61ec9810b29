"""The probe of alerts: what fires becomes a notice, what is silenced does not, and what nobody can tell is told too."""

from __future__ import annotations

import msgspec
import pytest

from app.alerts import probe as alert_probe
from app.alerts.probe import LONG_MS, MANY, AlertProbe
from app.backends import Backends
from app.ports.alerts import Alert, Change, Question, Silence, Status

NOW = 1_780_000_000_000
MINUTES = 5


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is NOW."""
    monkeypatch.setattr(alert_probe, "now_ms", lambda: NOW)


def keep(backends: Backends, name: str, status: Status, *changes: Change, **fields: object) -> Alert:
    """Keep an alert with a status."""
    alert = Alert(name, name, "s", "at_least", 300, 5, made=1, changed=1, **fields)  # type: ignore[arg-type]
    backends.record.alerts.keep_alert(alert)
    (watched,) = [one for one in backends.record.alerts.alerts() if one.alert.id == name]
    assert backends.record.alerts.lease_alert(name, watched.turn, 0)
    assert backends.record.alerts.settle_alert(name, watched.turn, status, changes)
    return alert


FIRING = Status(
    "firing", NOW, "7 logs in 5 minutes: at least 5.", fires=True, evaluated=NOW - 10_000, tried=NOW, count=7
)
FIRED = Change(
    NOW, "firing", "7 logs", start=NOW - 310_000, end=NOW - 10_001, question=Question('level:error AND "a&b"')
)


def test_what_fires_is_told(backends: Backends) -> None:
    """With its severity, why, and where exactly its logs are; while it is silenced nothing is."""
    alert = keep(backends, "a", FIRING, FIRED, severity="warning")
    keep(backends, "fine", Status("ok", 1, "fine", evaluated=NOW - 10_000, tried=NOW))
    probe = AlertProbe(backends.record.alerts)
    found = probe.look()
    (trouble,) = found.values()
    assert list(found) == ["alert/a"]
    assert (trouble.kind, trouble.severity) == ("alert", "warning")
    assert trouble.text == "Alert “a” fires: 7 logs in 5 minutes: at least 5."
    assert trouble.details["logs"] == (
        "/?q=level%3Aerror+AND+%22a%26b%22&from=2026-05-28T20%3A21%3A30Z&to=2026-05-28T20%3A26%3A29.999Z&clock=received"
    )
    assert trouble.details["count"] == 7
    assert probe.look()["alert/a"].details["logs"] == trouble.details["logs"]
    assert probe.unreachable("away") == {}
    backends.record.alerts.keep_alert(msgspec.structs.replace(alert, silence=Silence(NOW + 1, "known", "me")))
    assert probe.look() == {}
    backends.record.alerts.keep_alert(msgspec.structs.replace(alert, silence=Silence(NOW, "known", "me")))
    assert list(probe.look()) == ["alert/a"]


def test_what_fired_and_cannot_be_told_is_not_over(backends: Backends) -> None:
    """Neither when the index is away, nor when nobody evaluates."""
    keep(backends, "a", msgspec.structs.replace(FIRING, state="cannot_tell", why="The index is away."), FIRED)
    keep(backends, "b", msgspec.structs.replace(FIRING, tried=NOW - LONG_MS), FIRED)
    found = AlertProbe(backends.record.alerts).look()
    assert list(found) == ["alert/a", "alert/b"]
    assert found["alert/a"].text.endswith("now it can't be decided. The index is away.")
    assert "no worker is at work" in found["alert/b"].text


def test_what_cannot_be_told_for_long(backends: Backends) -> None:
    """Is a warning; of many at once there is one."""
    untold = Status(
        "cannot_tell", NOW, "The index could not count.", evaluated=NOW - LONG_MS - MINUTES * 60_000, tried=NOW
    )
    keep(backends, "a", untold)
    keep(backends, "b", msgspec.structs.replace(untold, evaluated=NOW - LONG_MS))
    found = AlertProbe(backends.record.alerts).look()
    assert list(found) == ["alert/untold/a"]
    assert found["alert/untold/a"].severity == "warning"
    assert found["alert/untold/a"].text == "Alert “a” has been undecided for 15 minutes: The index could not count."
    for n in range(MANY):
        keep(backends, f"c{n}", untold)
    found = AlertProbe(backends.record.alerts).look()
    assert list(found) == ["alert/many"]
    assert found["alert/many"].text.startswith(f"{MANY + 1} of {MANY + 2} alerts have been undecided for 15 minutes.")


def test_a_new_alert_has_time(backends: Backends) -> None:
    """One that nobody evaluated yet is none that could not be told for long."""
    backends.record.alerts.keep_alert(Alert("a", "a", "s", "absent", 60, made=NOW, changed=NOW))
    assert AlertProbe(backends.record.alerts).look() == {}
