"""Lines of containers as Kubernetes, Docker, Compose and kubectl keep them: parts are one line, lines of one event one log."""

from __future__ import annotations

import json
import random

import pytest

from app.files.split.entry import Entry
from tests.files.reading import rank, read, split

PART = 16_384
#: Lines of a container, each with its stream, and the messages and ranks of the logs that they are.
WRITTEN = (
    ("stdout", json.dumps({"level": "error", "msg": "payment failed", "body": "x" * 40_000})),
    ("stderr", "2026-11-29 18:46:40,123 ERROR shop: boom"),
    ("stderr", "Traceback (most recent call last):"),
    ("stderr", '  File "a.py", line 1, in f'),
    ("stderr", "KeyError: 1"),
    ("stdout", "2026-11-29 18:46:41,123 INFO shop: " + "long " * 10_000),
    ("stdout", "2026-11-29 18:46:42,123 INFO shop: done"),
)
EXPECTED = [("payment failed", "error"), ("boom", "error"), ("long long", "info"), ("done", "info")]


def cri(number: int, stream: str, text: str) -> list[str]:
    """Return the lines that containerd keeps of one."""
    parts = [text[place : place + PART] for place in range(0, len(text), PART)] or [""]
    when = f"2026-11-29T18:46:{39 + number:02}"
    marks = ["P"] * (len(parts) - 1) + ["F"]
    return [f"{when}.{part:09}Z {stream} {marks[part]} {inner}" for part, inner in enumerate(parts)]


def docker(number: int, stream: str, text: str) -> list[str]:
    """Return the lines that Docker keeps of one."""
    parts = [text[place : place + PART] for place in range(0, len(text), PART)] or [""]
    parts[-1] += "\n"
    when = f"2026-11-29T18:46:{39 + number:02}"
    return [json.dumps({"log": part, "stream": stream, "time": f"{when}.{at:09}Z"}) for at, part in enumerate(parts)]


def compose(_: int, __: str, text: str) -> list[str]:
    """Return the line that Compose shows."""
    return [f"pay-1  | {text}"]


def _text(entries: list[Entry]) -> str:
    return "\n".join(entry.text for entry in entries)


@pytest.mark.parametrize("keep", [cri, docker, compose])
def test_what_a_container_wrote_is_read_as_without_its_keeper(keep: object) -> None:
    """Parts of 16 KiB are one line, a stack is in the log before it, and every byte stands in an entry."""
    assert callable(keep)
    lines = [line for number, (stream, text) in enumerate(WRITTEN) for line in keep(number, stream, text)]
    logs = read("\n".join(lines))
    assert [
        (log["message"][: len(begin)], rank(log)) for log, (begin, _) in zip(logs, EXPECTED, strict=True)
    ] == EXPECTED
    assert "KeyError: 1" in logs[1]["message"]
    assert logs[2]["message"].count("long") == 10_000
    assert logs[0]["metadata"]["body"] == "x" * 40_000
    _, entries = split("\n".join(lines))
    assert _text(entries) == "\n".join(lines)


def test_the_keeper_knows_the_time_and_the_stream() -> None:
    """Its time wins over one that names no zone, and is the time of a line without one."""
    first, second, third = read(
        "2026-11-29T18:46:39.123456789Z stdout F 2026-11-29 10:00:00 INFO shop: local\n"
        "2026-11-29T18:46:40.123456789Z stdout F 2026-11-29T10:00:00.5Z INFO shop: zoned\n"
        "2026-11-29T18:46:41.123456789Z stderr F plain\n"
    )
    assert (first["timestamp"], first["metadata"]["stream"]) == ("2026-11-29T18:46:39.123456789Z", "stdout")
    assert (second["timestamp"], third["timestamp"]) == ("2026-11-29T10:00:00.5Z", "2026-11-29T18:46:41.123456789Z")
    assert (third["message"], third["metadata"]) == ("plain", {"stream": "stderr"})


@pytest.mark.parametrize("seed", range(10))
def test_streams_in_any_order_lose_nothing(seed: int) -> None:
    """Lines of both streams and lines that nobody kept, in any order: every line stands in one entry."""
    source = random.Random(seed)
    lines = [line for number, (stream, text) in enumerate(WRITTEN) for line in cri(number, stream, text)]
    lines += ["not of a container", "2026-11-29 18:46:40 INFO shop: beside"]
    source.shuffle(lines)
    _, entries = split("\n".join(lines))
    assert sorted(_text(entries).split("\n")) == sorted(lines)


def test_containers_of_compose_are_the_resource() -> None:
    """`web-2  | ` names the service, whose lines are read as they are without it."""
    first, second = read("web-2  | plain\ndb-1   | 2026-11-29 18:46:40 ERROR shop.db: gone\n")
    assert (first["resourceId"], first["metadata"]["container"]) == ("web", "web-2")
    assert (second["resourceId"], second["message"], rank(second)) == ("shop.db", "gone", "error")
