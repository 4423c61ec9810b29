"""POST /logs/ingest/: one log, an array, or one a line; and what became of them."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, cast, get_args

from flask import Blueprint, Request, Response

from app.accept.accept import Outcome
from app.accept.receipts import Stage
from app.errors import InvalidInput, InvalidRecord, Problem
from app.files import carried
from app.log import numbers, schema
from app.log.numbers import Number
from app.log.parsed import Parsed
from app.process import Parts
from app.times.instant import now_ms
from app.web.accounts.identity import Identity
from app.web.answers.ingest import AcceptedAnswer, ReceiptAnswer
from app.web.answers.reply import reply_by_name
from app.web.current import backends, parts, space_of
from app.web.reading import assumed_of, inflated, raw_body
from app.web.security.access import who
from app.web.security.errors import answer
from app.web.security.proxied import current_request

bp = Blueprint("ingest", __name__)

#: Longest Idempotency-Key, in characters.
KEY_LIMIT = 255
#: Status of the answer where at least one log is kept.
ACCEPTED = 202
#: Values of `wait`.
STAGES = get_args(Stage)
#: Seconds for which `wait` blocks at most.
WAIT_SECONDS = 10.0
#: The name by which logingestor.handler, which numbers its logs, calls itself.
HANDLER = "logingestor-handler"
#: `token` is the password of shippers that can set nothing but the URL: app/web/security/access.py reads it.
#: `strict` is whether only our own form is a log.
PARAMETERS = ("wait", "token", "strict")


class From(NamedTuple):
    """Where logs come from, and what a request says of them: address, agent, type of the body, and whoever made it."""

    sender: str
    agent: str
    kind: str | None
    who: Identity | None


@bp.post("/logs/ingest/")
@bp.post("/logs/ingest")
def ingest() -> Response:
    """Accept logs: 202 when at least one is durably queued, with what became of each.

    The lane (app/web/server/lane/lane.py) calls `read`, `take` and `accepted` as this does, for requests of the plainest kind.
    """
    asked, held = current_request(), parts()
    stage, strict, key = _stage(asked), _strict(asked), _key(asked)
    sender, agent = asked.remote_addr or "", asked.environ.get("HTTP_USER_AGENT", "")
    source = From(sender, agent, asked.environ.get("CONTENT_TYPE"), who())
    body = raw_body()
    try:
        body = inflated(body)
        parsed = read(held, body, source, strict=strict)
    except InvalidRecord as error:
        held.accept().bury(body, error.problems[0], sender, agent, space_of(source.who))
        raise
    except InvalidInput as error:
        # A body of another type, or too large once decompressed, is kept nowhere, so that the page of sources is the one place
        # that shows it. What is too large as it is sent does not come this far: app/web/server/bridge.py answers 413.
        held.accept().refuse(body, error.problems[0], sender, agent)
        raise
    if not parsed.sent:
        raise InvalidRecord(Problem("the body holds no log"))
    digest = hashlib.blake2b(body, digest_size=16).digest() if key else b""
    outcome = take(held, parsed, source, key and f"http:{key}", digest)
    if outcome.ok and stage and outcome.receipt:
        found = accepted(outcome, parsed)
        found.come_to(held.receipts().wait(outcome.receipt, stage, WAIT_SECONDS))
        return reply_by_name(found, ACCEPTED)
    return answered(outcome, parsed)


def read(held: Parts, body: bytes, source: From, *, strict: bool = False) -> Parsed:
    """Return the logs of a body, read as an admin has set for its source; nothing else happens. Raises InvalidInput."""
    assumed = assumed_of(held, source.sender, source.agent, source.who)
    line = carried.line_reader(assumed)
    parsed = schema.read(body, source.kind, held.limits, now_ms(), strict=strict, source=assumed, line=line)
    if source.agent.startswith(HANDLER):
        parsed.numbers = _numbers(parsed)
    return parsed


def take(held: Parts, parsed: Parsed, source: From, key: str | None = None, digest: bytes = b"") -> Outcome:
    """Queue the logs durably; see Accept.take."""
    space = space_of(source.who)
    return held.accept().take(parsed, sender=source.sender, key=key, digest=digest, agent=source.agent, space=space)


def answered(outcome: Outcome, parsed: Parsed) -> Response:
    """Return the answer that says what became of the logs."""
    if not outcome.ok:
        problems = [Problem(**problem) for problem in outcome.rejected]
        return answer(400, f"no log was accepted: {_first(outcome)}", problems)
    return reply_by_name(accepted(outcome, parsed), ACCEPTED)


def accepted(outcome: Outcome, parsed: Parsed) -> AcceptedAnswer:
    """Return what is said where at least one log is kept."""
    return AcceptedAnswer.of(outcome, _message(outcome), parsed)


def _numbers(parsed: Parsed) -> dict[int, Number]:
    """Return the numbers that logingestor.handler gave its logs, by place; of refused ones too, which arrived all the same."""
    given = [(place, numbers.of_log(log)) for log, place in zip(parsed.logs, parsed.places, strict=True)]
    given += [(one.problem.index or 0, numbers.of_refused(one.payload)) for one in parsed.refused]
    return {place: number for place, number in given if number is not None}


@bp.get("/receipts/<receipt>")
def receipt(receipt: str) -> Response:
    """Return what became of the logs behind a receipt."""
    receipts, asks = parts().receipts(), who()
    # A space is stamped on what its sender sends; only the limits of a reader keep logs from whoever asks.
    if asks is None or asks.role != "reader" or not asks.limits:
        return reply_by_name(ReceiptAnswer.of(receipt, receipts.status(receipt)))
    held = backends()
    found = receipts.bound_status(receipt, held.queue, held.store, held.index)
    return reply_by_name(ReceiptAnswer.of(receipt, found))


def _message(outcome: Outcome) -> str:
    message = f"{outcome.accepted} accepted"
    if outcome.duplicates:
        message += f", {outcome.duplicates} accepted before"
    if outcome.dropped:
        message += f", {sum(outcome.dropped.values())} dropped by rules"
    if outcome.rejected:
        message += f", {len(outcome.rejected)} rejected: {_first(outcome)}"
    return message


def _first(outcome: Outcome) -> str:
    first = outcome.rejected[0]
    field = f", {first['field']}" if "field" in first else ""
    more = f" (and {len(outcome.rejected) - 1} more)" if len(outcome.rejected) > 1 else ""
    return f"log {first['index']}{field}: {first['message']}{more}"


def _key(asked: Request) -> str | None:
    key: str | None = asked.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not 0 < len(key) <= KEY_LIMIT:
        raise InvalidInput(Problem(f"is empty or longer than {KEY_LIMIT} characters", "Idempotency-Key"))
    return key


def _stage(asked: Request) -> Stage | None:
    if not asked.query_string:
        return None
    for name in asked.args:
        if name not in PARAMETERS:
            raise InvalidInput(
                Problem("is not a parameter of this route; there are `wait`, `strict` and `token`", name)
            )
    stage = asked.args.get("wait")
    if stage is not None and stage not in STAGES:
        raise InvalidInput(Problem(f"is neither {' nor '.join(STAGES)}", "wait"))
    return cast(Stage | None, stage)


def _strict(asked: Request) -> bool:
    value = asked.args.get("strict", "0") if asked.query_string else "0"
    if value not in ("0", "1"):
        raise InvalidInput(Problem("is neither 0 nor 1", "strict"))
    return value == "1"
