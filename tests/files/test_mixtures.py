"""Any text is taken: samples mixed in one file and rotated in the middle, any lines at all, in linear time."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.errors import InvalidRecord
from app.files.formats import recognise
from app.files.split.entries import entries
from app.files.unpack import decode
from app.log.lines import reader
from tests.files.reading import NOW, SAMPLE, lines_of, rank, read, split
from tests.producers.texts import SAMPLES, events
from tests.thorough import examples

PRODUCERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "producers"

#: Small samples of our own: heads of several kinds, each event with what goes on.
OWN = (
    "2026-11-29 13:18:34,702 INFO acme.pay: service started\n2026-11-29 13:18:34,703 ERROR acme.pay: failed\n"
    'Traceback (most recent call last):\n  File "a.py", line 7, in boom\nKeyError: 1\n2026-11-29 13:18:35,001 INFO acme.pay: two\nlines\n',
    "2026-11-29T14:19:07.017+0100\tWARN\tx.go:1\tdisk\nmain.main\n\t/src/x.go:1\n2026-11-29T14:19:07.020+0100\tINFO\tx.go:2\tnext\n",
    "[Nest] 1  - 11/29/2026, 1:34:32 PM   ERROR [Pay] failed\nTypeError: x is null\n    at f (/a.js:1:1)\n"
    "[Nest] 1  - 11/29/2026, 1:34:33 PM     LOG [Pay] Object(1) {\n  a: 1\n}\n",
    "[2026-11-29T13:21:14Z ERROR shop] failed\n\nCaused by:\n    0: read\n\nStack backtrace:\n   0: shop::inner\n"
    "[2026-11-29T13:21:15Z INFO  shop] next\n",
    "2026-11-29 14:19:49.960 CET [20047] ERROR:  division by zero\n2026-11-29 14:19:49.960 CET [20047] STATEMENT:  SELECT 1/0;\n"
    "2026-11-29 14:19:49.961 CET [20047] LOG:  next\n",
    '{"level":"info","msg":"a","time":"2026-11-29T13:21:14Z"}\n{"level":"error","msg":"b","time":"2026-11-29T13:21:15Z"}\n',
    "Nov 29 14:49:30 vm postfix/master[26616]: daemon started\nNov 29 14:49:31 vm sshd[1]: error: broken\n",
)
#: Samples whose events begin with a time, so that those of others can't be taken for their lines.
TIMED = [name for name, sample in SAMPLES.items() if sample.time is not None and sample.skip is None]


def blocks(text: str) -> list[str]:
    """Return the texts of the events that a text holds alone."""
    _, found = split(text)
    return [entry.text for entry in found]


def told(text: str) -> list[tuple[str, str, object]]:
    """Return text, rank and time of each log of *text*."""
    return [(log["message"], rank(log), log.get("timestamp")) for log in read(text)]


@cache
def alone(text: str) -> list[tuple[str, tuple[str, str, object]]]:
    """Return the events that a text holds alone, each with its log; many mixtures take the same few texts."""
    return list(zip(blocks(text), told(text), strict=True))


def mixed(texts: list[str], source: random.Random) -> tuple[str, list[tuple[str, str, object]]]:
    """Return the events of *texts* in a random order that keeps each text's own, and what they must tell."""
    queues = [list(alone(text)) for text in texts]
    lines, expected = [], []
    while any(queues):
        queue = source.choice([queue for queue in queues if queue])
        block, log = queue.pop(0)
        lines.append(block)
        expected.append(log)
    return "\n".join(lines) + "\n", expected


@pytest.mark.parametrize("seed", range(20))
def test_a_mixture_is_read_as_its_parts(seed: int) -> None:
    """Three programs in one file: each event is read as it is alone."""
    source = random.Random(seed)
    text, expected = mixed(source.sample(OWN, 3), source)
    assert told(text) == expected


@pytest.mark.parametrize("seed", range(20))
def test_real_producers_in_a_mixture_are_read_as_alone(seed: int) -> None:
    """The same with three of the real programs whose logs begin with a time."""
    if not PRODUCERS.exists():
        pytest.skip(f"no samples of producers in {PRODUCERS}")
    source = random.Random(seed)
    names = source.sample(TIMED, 3)
    texts = [(PRODUCERS / name).read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n") for name in names]
    text, expected = mixed(texts, source)
    assert told(text) == expected, names


@pytest.mark.parametrize("seed", range(10))
def test_rotation_between_events_changes_nothing(seed: int) -> None:
    """Two files give what one gives, wherever between two logs it was rotated."""
    source = random.Random(seed)
    text, expected = mixed(source.sample(OWN, 3), source)
    parts = blocks(text)
    place = source.randrange(1, len(parts))
    first, second = "\n".join(parts[:place]) + "\n", "\n".join(parts[place:]) + "\n"
    assert told(first) + told(second) == expected


def test_every_sample_keeps_every_line() -> None:
    """What stands in the sample of a real program stands in its entries, but for blank lines between them."""
    if not PRODUCERS.exists():
        pytest.skip(f"no samples of producers in {PRODUCERS}")
    for name in SAMPLES:
        text = (PRODUCERS / name).read_text(encoding="utf-8", errors="replace")
        assert _whole(text), name
        assert list(events(text, SAMPLES[name]))


def _whole(text: str) -> bool:
    lines = lines_of(text)
    format = recognise([line.text for line in lines[:SAMPLE]], NOW)
    found = [entry for entry in entries(lines, format, NOW) if entry is not None]
    if any(entry.tied for entry in found):
        # Lines of several processes that cross: each is in the entry of its own.
        return _lines(text) == _lines("\n".join(entry.text for entry in found))
    raw = text.encode("utf-8", "surrogatepass") + b"\n"
    place = 0
    for entry in found:
        if raw[place : entry.start].replace(b"\0", b"").decode(errors="replace").strip():
            return False
        if raw[entry.start : entry.end].removesuffix(b"\n").replace(b"\r\n", b"\n").removesuffix(
            b"\r"
        ) != entry.text.encode("utf-8", "surrogatepass"):
            return False
        place = entry.end
    return not raw[place:].replace(b"\0", b"").decode(errors="replace").strip()


def _lines(text: str) -> list[str]:
    return sorted(line for line in text.replace("\0", "").split("\n") if line.strip())


_PIECES = st.sampled_from(
    [line for text in OWN for line in text.split("\n")]
    + [
        "",
        " ",
        "\t",
        "}",
        "{",
        "  x",
        "Caused by: x",
        "panic: x",
        "\x1b[31mERROR\x1b[0m x",
        "# Time: 1",
        "<record>",
        "Error: x",
        "[",
        "at x",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=40).map(lambda text: text.replace("\n", "").replace("\r", "")), max_size=25))
@settings(max_examples=examples(300), deadline=None)
@example(["\x1b[0m"])
@example(["a", "\0\0 b", "\0", "c"])
@example(
    [
        "Traceback (most recent call last):",
        "Nov 29 14:49:30 h a[1]: x",
        "Traceback (most recent call last):",
        "Nov 29 14:49:31 h a[1]: y",
    ]
)
@example(["2026-11-29 13:18:34,702 INFO acme.pay: service started", "\0", "main.main"])
@example(["bac月 29 13:18:34 x", "12月 1, 2026 1:30:59 午後 x"])
@example(["# Time: 261129 14:48:34", "x", "<record>"])
@example(["/a:1", "", "", "", "", "x"])
def test_any_text_is_kept_to_the_byte(lines: list[str]) -> None:
    """The entries hold every line, in order; each is a log with a text."""
    text = "\n".join(lines)
    assert _whole(text) or "\x1b" in text
    format, found = split(text)
    for entry in found:
        # Half an object among JSON is refused with its reason, and kept as a dead letter.
        with suppress(InvalidRecord):
            assert all(isinstance(log["message"], str) for log in entry.logs(format, NOW))
    assert isinstance(reader.read_text(text, NOW)["message"], str)


def test_nul_bytes_are_a_gap_before_a_log() -> None:
    """After a crash or a truncation; the lines behind are read, and how much is missing is said."""
    first, second = read("\0" * 3_000 + "2026-11-29 08:00:00 ERROR shop: one\n2026-11-29 08:00:01 INFO shop: two\n")
    assert (first["message"], first["metadata"]["gap"]) == ("one", "3,000 NUL bytes before this log")
    assert (second["message"], second.get("metadata")) == ("two", None)


def test_a_damaged_byte_costs_no_other() -> None:
    """One byte that is not UTF-8 in a line that is; a line of Latin-1 is one."""
    assert decode("Zürich \xff".encode("latin-1").replace(b"\xfc", "ü".encode())) == "Zürich \\xff"
    assert decode("Zürich".encode("latin-1")) == "Zürich"


@pytest.mark.parametrize(
    "part",
    ["[", "[a] ", "(", "a.", "a:", "a::", 'a="', "a=", "a=[", " - ", "1", "1 ", "x{a", "/a", "\x1b[", "é", "A", "Error", "java.", "#0 ", "\t", ".go:1", "a\\", " -- {}", "2026-11-29 ", '"', "| "],
)  # fmt: skip
@pytest.mark.parametrize(
    "head",
    [
        "",
        "2026-11-29 13:18:34,702 ",
        "2026-11-29 13:18:34,702 ERROR ",
        "[2026-11-29 13:18:34 ",
        "Nov 29 14:49:30 vm a: ",
        "2026-11-29 18:46:40.123456 E [123:main] Pay -- ",
        "  ",
    ],
)
def test_no_line_costs_more_than_its_length(head: str, part: str) -> None:
    """Four times as long takes about four times as long: a bound that no quadratic pattern holds."""
    line = head + part * (200_000 // len(part))
    begin = time.process_time()
    read(f"{line}\n{line[: len(line) // 2]}\n")
    assert time.process_time() - begin < 1.5


def test_many_lines_cost_no_more_than_their_number() -> None:
    """A trace of many lines, brackets that never close, and blank lines without end."""
    for text in (
        "2026-11-29 13:18:34 ERROR a.b: x {\n" + "  y {\n" * 12_500,
        "Traceback (most recent call last):\n" + "  File x\n" * 12_500,
        "x\n" + "\n" * 25_000 + "y\n",
        "# User@Host: a\n" + "# User@Host: a\n" * 5_000,
        "TypeError: x\n" + "    at f (/a.js:1:1)\n" * 12_500,
        "<log4j:event >\n" + "<log4j:message>x" * 12_500 + "\n",
    ):
        begin = time.process_time()
        read(text)
        assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    "lines",
    [
        ("31 Oct 2026 23:59:59 first", " 1 Nov 2026 00:00:01 second", " 1 Nov 2026 00:00:02 third"),
        ("12:59:59 PM first", " 1:00:00 PM second", " 1:00:01 PM third"),
        ("2026-11-29 14:00:00 first", "  2026-11-29 14:00:01 second", "  2026-11-29 14:00:02 third"),
    ],
)
def test_a_padded_time_begins_a_log(lines: tuple[str, ...]) -> None:
    """Days and hours of one digit have a blank before them, and are no part of the log before."""
    found = [log["message"] for log in read("\n".join(lines) + "\n")]
    assert found == ["first", "second", "third"]


def test_a_later_warning_of_a_thread_is_no_part_of_its_failed_job() -> None:
    """What Sidekiq writes of a job that failed ends with the backtrace, in the same second."""
    lines = (
        '2026-11-29T14:00:00.123Z pid=1 tid=a WARN: {"context":"Job raised exception","job":{}}',
        "2026-11-29T14:00:00.123Z pid=1 tid=a WARN: RuntimeError: boom",
        "2026-11-29T14:00:00.124Z pid=1 tid=a WARN: /a.rb:1",
        "2026-11-29T14:00:05.124Z pid=1 tid=a WARN: disk almost full",
    )
    found = [log["message"] for log in read("\n".join(lines) + "\n")]
    assert [message.rpartition("\n")[2] for message in found] == ["/a.rb:1", "disk almost full"]
