"""Overload: three times what the server can take, for two minutes. What is refused, how long the accepted take, is any lost, how soon is all as before?

python -m bench.overload                       some four minutes
python -m bench.overload --seconds 10          a quick look

First as fast as a few connections get answers: the rate. Then, at fixed times whatever is answered: half of the rate, as the base; three times the rate; half again, until it is as before.
Every log has a number of its own, by which it is counted at the end.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from typing import Any

from bench import client, run
from bench.sending import Answers, Sender

#: Seconds in which the rate is found, and of the base; at most, until it is as before.
RATE_SECONDS, BASE_SECONDS, AFTER_SECONDS = 15.0, 20.0, 60.0
#: Connections that find the rate.
RATE_CONNECTIONS = 16
#: Logs that are looked for at once.
PAGE = 5_000
#: What the base and the time after are of the rate, and the overload.
NORMAL, OVER = 0.5, 3.0


def until_normal(sender: Sender, url: str, rate: float, base: dict[str, Any]) -> dict[str, Any]:
    """Send as before, second by second; return after how many the accepted take at most twice as long as the base, and logs are found.

    The queue counts as before when no more waits than comes in a second.
    """
    began, answered, found = time.perf_counter(), None, None
    while (answered is None or found is None) and (now := time.perf_counter() - began) < AFTER_SECONDS:
        one = sender.fixed(rate, 1.0)
        figures = one.figures()
        if (
            answered is None
            and not figures["statuses"].keys() - {"202"}
            and figures["accepted_ms"][1] <= 2 * base["accepted_ms"][1]
        ):
            answered = round(now, 1)
        if found is None and client.Connection(url).unfound() <= rate * sender.size:
            found = round(time.perf_counter() - began, 1)
    return {"answered_s": answered, "found_s": found}


def found(url: str) -> Iterator[str]:
    """Yield the messages of all logs, page by page: to urllib a transfer that is cut, as an export is that fails, looks whole."""
    connection, asked = client.Connection(url), {"q": "overload", "limit": str(PAGE), "count": "none"}
    while True:
        page = connection.get("/logs", **asked)
        yield from (log["message"] for log in page["results"])
        if page["next"] is None:
            return
        asked["cursor"] = page["next"]


def counted(url: str, phases: list[Answers], size: int, requests: int) -> dict[str, int]:
    """Compare what is kept with what was answered, log by log; return the sums."""
    times = bytearray(requests * size)
    for message in found(url):
        number, at = map(int, re.findall(r"\d+", message)[:2])
        times[number * size + at] += 1
    accepted = {number for phase in phases for number in phase.accepted}
    unknown = set().union(*(phase.unknown for phase in phases))
    sums = {"accepted": len(accepted) * size, "lost": 0, "doubled": 0, "refused_and_kept": 0}
    for number in range(requests):
        here = times[number * size : (number + 1) * size]
        sums["doubled"] += sum(one > 1 for one in here)
        if number in accepted:
            sums["lost"] += here.count(0)
        elif number not in unknown:
            sums["refused_and_kept"] += size - here.count(0)
    return sums


def measure(url: str, given: argparse.Namespace) -> dict[str, Any]:
    """Find the rate, send three times as much, and count."""
    sender = Sender(url, given.body)
    first = sender.closed(RATE_CONNECTIONS, RATE_SECONDS)
    rate = len(first.accepted) / RATE_SECONDS
    wait_until_found(url)
    base = sender.fixed(rate * NORMAL, BASE_SECONDS)
    wait_until_found(url)
    print(f"{rate:.0f} requests/s: {first.figures()}; half of it: {base.figures()}", flush=True)
    over = sender.fixed(rate * OVER, given.seconds)
    print(f"{rate * OVER:.0f} requests/s: {over.figures()}", flush=True)
    waiting = client.Connection(url).unfound()
    normal = until_normal(sender, url, rate * NORMAL, base.figures())
    print(f"{waiting:,} logs waited; as before after {normal}", flush=True)
    wait_until_found(url)
    return {
        "rate_logs_per_s": round(rate * given.body),
        "rate": first.figures(),
        "base": base.figures(),
        "over": over.figures(),
        "accepted_logs_per_s": round(len(over.accepted) * given.body / given.seconds),
        "waiting_after": waiting,
        "normal": normal,
        "logs": counted(url, sender.phases, given.body, sender.asked),
    }


def wait_until_found(url: str) -> None:
    """Wait until nothing waits in the queue."""
    while client.Connection(url).unfound():
        time.sleep(0.2)


def table(found: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    said = ", ".join(f"{status}: {count:,}" for status, count in found["over"]["statuses"].items())
    most, base, over = (" / ".join(map(str, found[name]["accepted_ms"])) for name in ("rate", "base", "over"))
    logs = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found["logs"].items())
    rows = {
        "the rate, logs/s": f"{found['rate_logs_per_s']:,}",
        "accepted after, ms (p50 / p95 / p99 / most)": most,
        "at half of it": base,
        "three times the rate: answers": said,
        "refused without Retry-After": f"{found['over']['refused_without_retry_after']}",
        "accepted, logs/s": f"{found['accepted_logs_per_s']:,}",
        "these after, ms": over,
        "waiting in the queue at its end, logs": f"{found['waiting_after']:,}",
        "half of the rate again: answered as before after, s; found as before after, s": f"{found['normal']['answered_s']}; {found['normal']['found_s']}",
        "logs, one by one": logs,
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def main() -> None:
    """Measure and keep the figures; fail where an accepted log is lost or doubled, or a refused one kept."""
    parser = run.parser(__doc__ or "")
    parser.set_defaults(body=100)
    parser.add_argument("--seconds", type=float, default=120.0, help="seconds of the overload (120)")
    given = parser.parse_args()
    described = run.probed()
    with run.serving(given) as server:
        found = measure(server.url, given)
    run.save("overload", given, {"machine": described, **found}, table(found))
    if any(found["logs"][name] for name in ("lost", "doubled", "refused_and_kept")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
