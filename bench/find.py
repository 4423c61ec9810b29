"""Find: p50 and p95 of eleven questions over HTTP, each answer checked against the logs themselves.

python -m bench.find                      1,000,000 logs; some minutes
python -m bench.find --n 20000            a quick look
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import client, run
from bench.ingest import wait_until_found
from bench.logs import NEEDLE, Facts

#: How often each question is asked, after the first time.
TIMES = 30
Answer = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A question, and what is wrong with an answer: an empty text when nothing is."""

    name: str
    path: str
    body: dict[str, Any]
    fault: Callable[[Answer, bool], str]
    #: Whether the answer has a total that may be asked for exactly.
    counted: bool = True


def questions(facts: Facts) -> list[Question]:
    """Return the eleven questions."""
    error = {"key": "level", "operation": "equals", "value": "error"}
    low, high = facts.combined_window
    combined = [
        error,
        {"key": "resourceId", "operation": "equals", "value": facts.RESOURCE},
        {"key": "message", "operation": "equals", "value": "timeout"},
    ]
    window = {"from": facts.first, "to": facts.last}
    return [
        Question("newest 50 of level=error", "/logs/filter/", error, _newest(facts)),
        _among(facts, "rare word", "equals", NEEDLE),
        _among(facts, "common substring", "contains", facts.COMMON),
        _among(facts, "rare substring", "contains", facts.RARE),
        _among(facts, "common regex", "regex", r"timeout after [0-9]{4}ms", facts.TIMEOUT),
        _among(facts, "rare regex", "regex", r"zq\dneedle[w-z]\d", NEEDLE),
        Question(
            "6 h + level + resource + word",
            "/logs/filter/",
            {"filters": combined, "from": low, "to": high},
            _hits(facts.combined, "timeout"),
        ),
        Question(
            "histogram by minute of level=error",
            "/logs/histogram",
            {**error, "from": facts.last_day, "to": facts.last, "interval": "1m"},
            _buckets({at: count for at, count in facts.error_minutes.items() if at >= facts.last_day[:16]}, 16),
            counted=False,
        ),
        Question(
            "histogram by hour of level=error",
            "/logs/histogram",
            {**error, **window, "interval": "1h"},
            _buckets(facts.error_hours, 13),
            counted=False,
        ),
        Question(
            "top 10 resourceId", "/logs/facets", {"field": ["resourceId"], "size": 10}, _top(facts), counted=False
        ),
        Question("count of level=error", "/logs/filter/", {**error, "limit": 1}, _count(facts.levels["error"])),
    ]


def _among(facts: Facts, name: str, operation: str, value: str, text: str = "") -> Question:
    """Return a question about messages: those that hold *value*, which are those with *text* in them."""
    body = {"key": "message", "operation": operation, "value": value}
    return Question(name, "/logs/filter/", body, _hits(facts.texts[text or value], value))


def _count(expected: int) -> Callable[[Answer, bool], str]:
    def fault(answer: Answer, exact: bool) -> str:
        total, kind = answer["total"], answer["total_is"]
        if total != expected and (exact or kind == "exact" or not 0 < total <= expected):
            return f"total {total} ({kind}), not {expected}"
        return "" if kind == "exact" or not exact else "total is not exact"

    return fault


def _hits(expected: int, pattern: str) -> Callable[[Answer, bool], str]:
    count, holds = _count(expected), re.compile(pattern)

    def fault(answer: Answer, exact: bool) -> str:
        messages = [log["message"] for log in answer["results"]]
        if len(messages) != min(expected, 50) or not all(map(holds.search, messages)):
            return f"{len(messages)} results, or one without {pattern}"
        return count(answer, exact)

    return fault


def _newest(facts: Facts) -> Callable[[Answer, bool], str]:
    count, times = _count(facts.levels["error"]), facts.errors[:-51:-1]

    def fault(answer: Answer, exact: bool) -> str:
        if [log["timestamp"] for log in answer["results"]] != times:
            return "not the newest 50"
        return count(answer, exact)

    return fault


def _buckets(expected: dict[str, int], length: int) -> Callable[[Answer, bool], str]:
    def fault(answer: Answer, exact: bool) -> str:
        found = {bucket["start"][:length]: bucket["count"] for bucket in answer["buckets"] if bucket["count"]}
        return "" if found == expected else f"{len(found)} buckets with counts, not {len(expected)}, or other counts"

    return fault


def _top(facts: Facts) -> Callable[[Answer, bool], str]:
    def fault(answer: Answer, exact: bool) -> str:
        found = [(value["value"], value["count"]) for value in answer["facets"]["resourceId"]]
        return "" if found == facts.resources.most_common(10) else "not the ten most frequent"

    return fault


def ask(connection: client.Connection, question: Question, count: str, times: int) -> dict[str, Any]:
    """Ask a question again and again; return its figures. Raises when an answer is wrong."""
    body = dict(question.body)
    if question.counted:
        body = {"limit": 50, **body, "count": count}
    sent, took = json.dumps(body).encode(), list[float]()
    for _ in range(times + 1):
        began = time.perf_counter()
        answer = connection.request("POST", question.path, sent)
        took.append((time.perf_counter() - began) * 1000)
        fault = question.fault(answer, count == "exact")
        if fault:
            raise RuntimeError(f"{question.name}: {fault}")
    total = f"{answer['total']:,} ({answer['total_is']})" if question.counted else ""
    first, rest = took[0], took[1:]
    return {
        "first_ms": round(first, 2),
        **{f"p{part}_ms": round(client.percentile(rest, part), 2) for part in (50, 95)},
        "total": total,
    }


def measure(url: str, facts: Facts, times: int) -> dict[str, dict[str, Any]]:
    """Ask every question with `count=auto`, and those with a total with `count=exact` too."""
    connection = client.Connection(url)
    figures: dict[str, dict[str, Any]] = {}
    for count in ("auto", "exact"):
        for question in questions(facts):
            if question.counted or count == "auto":
                figures.setdefault(question.name, {})[count] = ask(connection, question, count, times)
    return figures


def fill(url: str, path: Path, given: argparse.Namespace) -> None:
    """Send the file, unless a kept folder holds its logs already, and wait until all are found."""
    if client.Connection(url).get("/logs", limit="1", count="exact")["total"] != given.n:
        wait_until_found(url, client.send_all(url, path, given.body, given.connections, lambda _: None))
        time.sleep(2)  # blocks are sealed between batches


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--times", type=int, default=TIMES, help=f"how often each question is asked ({TIMES})")
    given = parser.parse_args()
    path, found = run.log_file(given), run.probed()
    facts = Facts.of(path)
    with run.serving(given) as server:
        fill(server.url, path, given)
        figures = measure(server.url, facts, given.times)
    run.save("find", given, {"machine": found, "logs": facts.n, "questions": figures}, table(figures, facts))


def table(figures: dict[str, dict[str, Any]], facts: Facts) -> list[str]:
    """Return the figures as a table."""
    rows = [f"{facts.n:,} logs; every answer was checked.", ""]
    rows += ["| question | p50 / p95 ms | the first, ms | total | exact total: p50 / p95 ms |", "|---|---|---|---|---|"]
    for name, by_count in figures.items():
        auto, exact = by_count["auto"], by_count.get("exact")
        counted = f"{exact['p50_ms']} / {exact['p95_ms']}" if exact else ""
        rows.append(
            f"| {name} | {auto['p50_ms']} / {auto['p95_ms']} | {auto['first_ms']} | {auto['total']} | {counted} |"
        )
    return rows


if __name__ == "__main__":
    main()
