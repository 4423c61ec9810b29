"""An outage: OpenSearch away under a steady load, and how the index lags and catches up, second by second."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from typing import Any

from app.backends import connect
from app.settings.settings import PREFIX, Settings
from bench import client
from tests.e2e.program import Server
from tests.services.opensearch import OpenSearch

#: The load, in logs a second, in bodies of so many.
RATE, BODY_LOGS = 2_000, 100
#: Seconds of the load before OpenSearch goes, and at most after it answers again.
BEFORE_SECONDS, AFTER_SECONDS = 15.0, 90.0


class Load:
    """Sends until it is told to stop, and counts what it was answered."""

    def __init__(self, url: str) -> None:
        self.accepted = 0
        self.refused = 0
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        connection, began = client.Connection(self._url), time.perf_counter()
        body = b"\n".join([json.dumps(client.ONE).encode()] * BODY_LOGS)
        while not self._stop.is_set():
            try:
                self.accepted += connection.request("POST", "/logs/ingest/", body, client.NDJSON)["accepted"]
            except RuntimeError:
                self.refused += 1
            time.sleep(max(began + self.accepted / RATE - time.perf_counter(), 0))

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()


class Away(threading.Thread):
    """Stops OpenSearch after a while, and starts it again."""

    def __init__(self, opensearch: OpenSearch, seconds: float) -> None:
        super().__init__()
        self.began = time.perf_counter()
        #: Seconds after the beginning at which it answered again.
        self.answers: float | None = None
        self._opensearch = opensearch
        self._seconds = seconds
        self._over = threading.Event()

    def run(self) -> None:
        """Do it."""
        time.sleep(BEFORE_SECONDS)
        self._opensearch.stop()
        time.sleep(max(BEFORE_SECONDS + self._seconds - self.now(), 0))
        self._opensearch.start()
        self.answers = self.now()
        # A server is tied to the thread that started it: it would end with this one.
        self._over.wait()

    def close(self) -> None:
        """Wait until it has been started again, and end."""
        self._over.set()
        self.join()

    def now(self) -> float:
        """Return the seconds since the beginning."""
        return time.perf_counter() - self.began


def measured(opensearch: OpenSearch, server: Server, seconds: float) -> dict[str, Any]:
    """Take OpenSearch away for so many *seconds*; return the figures.

    The curve: the second, the logs that are stored and not in the index, and who answered a search then.
    """
    settings = Settings.from_env({name: text for name, text in server.environment.items() if name.startswith(PREFIX)})
    curve = list[tuple[float, int, str]]()
    caught_up: float | None = None
    with closing(connect(settings)) as backends, closing(Load(server.url)) as load:
        away = Away(opensearch, seconds)
        away.start()
        connection = client.Connection(server.url)
        while caught_up is None and away.now() < (away.answers or BEFORE_SECONDS + seconds + 60) + AFTER_SECONDS:
            source = connection.get("/logs", limit="1", count="none")["source"]
            curve.append((round(away.now(), 1), backends.store.lacking().logs, source))
            # What the load brings within a second or two is always on its way.
            if away.answers is not None and source == "index" and curve[-1][1] < RATE * 2:
                caught_up = away.now() - away.answers
            time.sleep(1)
        load.close()
        while connection.unfound() or backends.store.lacking().logs:
            time.sleep(0.2)
        total = connection.get("/logs", limit="1", count="exact")["total"]
        away.close()
    return {
        "accepted": load.accepted,
        "refused_requests": load.refused,
        "found": total,
        "away_s": seconds,
        "answered_again_s": round((away.answers or 0) - BEFORE_SECONDS - seconds, 1),
        "caught_up_s": None if caught_up is None else round(caught_up, 1),
        "lag_by_second": curve,
    }


def rows(figures: dict[str, Any]) -> dict[str, str]:
    """Return the figures as rows of a table."""
    curve = [f"{at:.0f} s: {lag:,} ({source})" for at, lag, source in figures["lag_by_second"][::5]]
    return {
        f"accepted at {RATE:,} logs/s": f"{figures['accepted']:,}",
        "requests refused": f"{figures['refused_requests']}",
        "found at the end": f"{figures['found']:,}",
        "OpenSearch away": f"{figures['away_s']:.0f} s, from second {BEFORE_SECONDS:.0f}; it answered {figures['answered_again_s']} s after its start",
        "caught up after its first answer": f"{figures['caught_up_s']} s",
        "stored and not in the index (who answers a search)": ", ".join(curve),
    }
