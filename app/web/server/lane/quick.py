"""The quick way: from a connection to the lane and back without a task and a message for each step, which cost more than the lane itself.

It takes what would go through the bridge (app/web/server/bridge.py) without a wait, and leaves everything else to that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from app.web.server.admission import Admission, WaitingLine
from app.web.server.environ import TAKEN, Headers
from app.web.server.lane.lane import FORWARDED, PlainLane, failed
from app.web.server.refusals import FlaskAnswer
from app.web.server.threads import Threads
from app.web.server.waiting import QUICK_BYTES

#: Gets the lane's answer, or what Flask is to be asked with for one (PlainLane.take).
Answered = Callable[[FlaskAnswer | dict[str, Any]], None]


class QuickWay:
    """Takes plain requests that have come whole; on the event loop, as all of it but the lane's `take`."""

    def __init__(
        self, lane: PlainLane, admission: Admission, line: WaitingLine, threads: Threads, body_limit: int
    ) -> None:
        """Hand requests of *line* over to *threads*, as far as *admission* lets them in at once; a body has *body_limit* bytes at most."""
        #: Most bytes of a body that may go this way.
        self.most = min(QUICK_BYTES, body_limit)
        self._lane, self._admission, self._line, self._threads = lane, admission, line, threads
        #: Targets of the requests that may be plain, as they stand in a request's first line.
        self.targets = frozenset(path.encode() for path in lane.paths)

    def mounted(self, prefix: str) -> None:
        """Take requests beneath a prefix too (app/web/server/mount.py)."""
        self.targets |= {prefix.encode() + path.encode() for path in self._lane.paths}

    def begin(self, headers: Headers, client: str, body: bytes, answered: Answered, *, by_tls: bool) -> bool:
        """Have the lane take a request of one of the targets; return False, with nothing done, where the bridge must see it.

        *answered* is called on the loop, later or before this returns.
        """
        plain = self._lane.plain_head(headers, client, by_tls=by_tls, unusual=FORWARDED)
        if plain is None:
            return False
        began = self._admission.enter_at_once(self._line)
        if began is None:
            return False
        taken = partial(self._taken, began, answered)
        self._threads.call(taken, self._lane.take, plain, body, together=True, here=self._lane.waits_for_nobody)
        return True

    def _taken(self, began: float, answered: Answered, found: object, error: BaseException | None) -> None:
        self._admission.leave(self._line, began)
        if error is not None:
            # Whether the logs are taken is not known: Flask says so as of any error, and takes nothing.
            found = {TAKEN: partial(failed, error)}
        answered(cast("FlaskAnswer | dict[str, Any]", found))
