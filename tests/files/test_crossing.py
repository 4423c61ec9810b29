"""Sources within a source: what each began goes on over the lines of the others, and a source is taken again from safe places only."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.files import pieces
from app.files.formats import recognise
from app.files.source import PART_LOGS, _parts
from app.files.split.entries import entries
from app.files.split.entry import Entry
from tests.files.reading import NOW, lines_of, read, split
from tests.producers.test_events import SAMPLES

#: What each of two streams of a container writes.
OUT = ["INFO one", "INFO two", "  which goes on", "INFO three"]
FAILED = ["ERROR payment failed", "Traceback (most recent call last):", '  File "a.py", line 1, in f', "KeyError: 1"]
FAULTS = [*FAILED, "ERROR again"]


def crossed(source: random.Random, rounds: int) -> list[str]:
    """Return lines of both streams in any order that keeps each stream's own; some in two parts."""
    waiting = {"stdout": OUT * rounds, "stderr": FAULTS * rounds}
    lines: list[str] = []
    rest = {"stdout": "", "stderr": ""}
    while any(waiting.values()) or any(rest.values()):
        stream = source.choice([name for name in waiting if waiting[name] or rest[name]])
        text, end = rest[stream], "F"
        if not text:
            text = waiting[stream][0]
            waiting[stream] = waiting[stream][1:]
            if source.random() < 0.3:
                cut = source.randrange(1, len(text))
                text, rest[stream], end = text[:cut], text[cut:], "P"
        if end == "F":
            rest[stream] = ""
        lines.append(f"2026-11-29T18:46:39.{len(lines):09}Z {stream} {end} {text}")
    return lines


@pytest.mark.parametrize("seed", range(10))
def test_streams_that_cross_give_what_each_gives_alone(seed: int) -> None:
    """As many logs, with the same messages, whatever the order."""
    logs = read("\n".join(crossed(random.Random(seed), 3)) + "\n")
    by_stream = {
        name: [log["message"] for log in logs if log["metadata"]["stream"] == name] for name in ("stdout", "stderr")
    }
    assert by_stream["stdout"] == ["INFO one", "INFO two\n  which goes on", "INFO three"] * 3
    assert by_stream["stderr"] == ["\n".join(FAILED), "ERROR again"] * 3


def safe(entries: list[Entry], text: str) -> list[int]:
    """Return the ends of the entries behind which a source may be taken again, each of which is checked."""
    lines, ends, taken = lines_of(text), list[int](), list[str]()
    for entry in entries:
        taken += entry.text.split("\n")
        if not entry.tied:
            ends.append(entry.end)
            assert sorted(taken) == sorted(line.text for line in lines if line.end <= entry.end and line.text)
    return ends


@pytest.mark.parametrize("seed", range(10))
def test_a_source_is_taken_again_from_where_nothing_is_begun(seed: int) -> None:
    """All lines before such a place stand in the entries before it, and no others: a crash there loses and doubles none."""
    text = "\n".join(crossed(random.Random(seed), 20)) + "\n"
    _, found = split(text)
    ends = safe(found, text)
    assert ends == sorted(ends)
    assert ends[-1] == len(text)


@pytest.mark.parametrize("sample", [one for one in SAMPLES if "cross" in one["layout"] or "between" in one["layout"]])
def test_no_line_of_another_process_is_taken_before_one_that_is_begun(sample: dict[str, Any]) -> None:
    """In the texts of programs that write into one file."""
    text = "\n".join(sample["text"]) + "\n"
    _, found = split(text)
    assert safe(found, text)[-1] == len(text)


def test_no_part_ends_where_an_entry_is_begun() -> None:
    """Whatever the number of logs in a part."""
    line = "2026-11-29T18:46:39.000000000Z {} F {}"
    lines = [
        line.format("stderr", "ERROR first"),
        line.format("stdout", "INFO beside"),
        line.format("stderr", "  more"),
    ]
    _, found = split("\n".join(lines * PART_LOGS) + "\n")
    parts = list(_parts(iter(found), 0, 0))
    assert len(parts) > 1
    assert not any(part[-1].tied for part in parts)


def test_what_one_began_waits_for_a_thousand_lines_only() -> None:
    """What is begun and never ended holds up no more of the others."""
    begun = "2026-11-29T18:46:39.000000000Z stderr F ERROR never ended"
    lines = [f"2026-11-29T18:46:40.{number:09}Z stdout F INFO line {number}" for number in range(3_000)]
    _, found = split("\n".join([begun, *lines]) + "\n")
    assert found[0].end < len(begun) + 1_100 * (len(lines[0]) + 1) or not found[0].tied
    assert max(len(run) for run in _runs(found)) <= 1_002


def _runs(entries: list[Entry]) -> list[list[Entry]]:
    runs: list[list[Entry]] = [[]]
    for entry in entries:
        runs[-1].append(entry)
        if not entry.tied:
            runs.append([])
    return runs


def test_statements_go_to_their_own_process() -> None:
    """PostgreSQL's lines of two processes, and a process that never comes back."""
    text = (
        '2026-11-29 14:00:00.123 UTC [12] ERROR:  relation "x" does not exist\n'
        "2026-11-29 14:00:00.124 UTC [13] LOG:  hello\n"
        "2026-11-29 14:00:00.125 UTC [12] STATEMENT:  SELECT *\n\tFROM x\n"
        "2026-11-29 14:00:00.126 UTC [13] ERROR:  gone\n"
        "2026-11-29 14:00:00.127 UTC [14] LOG:  last\n"
    )
    first, *others = [log["message"] for log in read(text)]
    assert first == 'relation "x" does not exist\nSTATEMENT:  SELECT *\n\tFROM x'
    assert others == ["hello", "gone", "last"]
    _, found = split(text)
    safe(found, text)


@pytest.mark.parametrize("weights", [[1] * 20, [100, 1, 1, 1, 1, 1]], ids=["as much each", "one much, others seldom"])
def test_many_streams_hold_up_a_bounded_number(weights: list[int]) -> None:
    """Though each of them has a line that may go on, at every time."""
    source = random.Random(1)
    names = [f"app-{number}" for number in range(len(weights))]
    lines = [f"{source.choices(names, weights)[0]} | INFO line {number}" for number in range(10_000)]
    text = "\n".join(lines) + "\n"
    _, found = split(text)
    assert max(len(run) for run in _runs(found)) <= 1_100
    assert safe(found, text)[-1] == len(text)


def test_many_processes_that_wait_hold_up_a_bounded_number() -> None:
    """A PostgreSQL whose clients fail to log in, each at a process of its own."""
    lines = [
        line
        for process in range(1, 6_000, 2)
        for line in (
            f'2026-11-29 14:00:00.123 UTC [{process}] FATAL:  password authentication failed for user "x"',
            f"2026-11-29 14:00:00.124 UTC [{process + 1}] LOG:  connection received: host=192.0.2.1",
        )
    ]
    text = "\n".join(lines) + "\n"
    _, found = split(text)
    assert max(len(run) for run in _runs(found)) <= 2_100
    assert safe(found, text)[-1] == len(text)


@pytest.mark.parametrize("kept", ["2026-11-29T18:46:39.000000000Z stderr F {}", "app-1 | {}"])
def test_a_trace_that_nobody_waits_for_is_not_cut(kept: str) -> None:
    """Java's StackOverflowError has 1,024 frames."""
    frames = [f"\tat shop.Pay.take(Pay.java:{number})" for number in range(1_024)]
    trace = ["2026-11-29 14:00:00.123 ERROR shop.Pay - failed", "java.lang.StackOverflowError: null", *frames]
    lines = ["2026-11-29 14:00:00.100 INFO shop.Pay - begins", *trace, "2026-11-29 14:00:01.123 INFO shop.Pay - on"]
    logs = read("\n".join(map(kept.format, lines)) + "\n")
    assert [log["message"].count("\n") for log in logs] == [0, 1_025, 0]


def test_a_part_that_was_begun_ends_where_it_did_though_the_source_is_known_better() -> None:
    """Its key is of its two ends: another would be put on the queue beside it."""
    whole = b"web  | hello\ndb   | \nweb  | there\n"
    cut = whole.index(b"web  | there")
    format = recognise(whole.decode().split("\n"), NOW)
    lines = pieces.lines([whole], limit=1_000, cut=cut)
    first, second = _parts(entries(lines, format, NOW), 0, cut)
    assert format.inner is not None
    assert [(part[-1].end, len(part)) for part in (first, second)] == [(cut, 1), (len(whole), 1)]
