"""Thinning: the first rule that finds a log decides, samples keep traces whole, and a failing rule drops nothing."""

from __future__ import annotations

from dataclasses import replace

from app.log.record import LogRecord
from app.query.filter import Matches
from app.rules.text import parse
from app.rules.thin import Thinner


def log(message: str = "m", level: str = "debug", trace: str | None = None, t: int = 0) -> LogRecord:
    """Return a log."""
    return LogRecord(b"", t, 0, level, message, trace_id=trace)


def test_the_first_rule_decides() -> None:
    """An exception before a rule keeps what the rule would drop."""
    thinner = Thinner(parse('keep: keep "keep me"\nnoise: drop level:debug\nall: drop noise').thinnings)
    assert thinner.dropped_by(log("please keep me")) is None
    assert thinner.dropped_by(log("noise")) == "noise"
    assert thinner.dropped_by(log("noise", "info")) == "all"
    assert thinner.dropped_by(log("else", "info")) is None


def test_a_sample_keeps_traces_whole() -> None:
    """All logs of a trace meet one fate, in any process; about the share is kept, and what is kept says so."""
    rules = parse("tenth: sample 10% level:debug").thinnings
    kept = 0
    for number in range(5_000):
        fates = {Thinner(rules).dropped_by(log(f"step {step}", trace=f"trace-{number}", t=step)) for step in range(2)}
        assert len(fates) == 1
        kept += fates == {None}
    assert 400 < kept < 600
    one = next(one for one in (log(trace=f"t{n}") for n in range(100)) if Thinner(rules).dropped_by(one) is None)
    assert one.metadata == {"sampled": {"tenth": 0.1}}


def test_logs_without_a_trace_are_sampled_by_what_they_say() -> None:
    """The same log sent again meets the same fate."""
    thinner = Thinner(parse("half: sample 50% level:debug").thinnings)
    first = [thinner.dropped_by(log(f"message {number}", t=number)) for number in range(1_000)]
    assert first == [thinner.dropped_by(log(f"message {number}", t=number)) for number in range(1_000)]
    assert 400 < first.count(None) < 600


def test_a_rule_that_fails_drops_nothing() -> None:
    """A filter that can't be evaluated, for a fault of ours, is as if it found nothing; those behind it go on."""
    rules = parse("odd: drop level:debug\nnoise: drop noise").thinnings
    thinner = Thinner(rules)
    thinner._tests[0] = (rules[0], replace(Matches("message", "x"), pattern=None))  # type: ignore[arg-type,assignment]
    assert thinner.dropped_by(log("m")) is None
    assert thinner.dropped_by(log("noise")) == "noise"
