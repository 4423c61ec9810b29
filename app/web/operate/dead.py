"""The pages of dead letters: by reason, one by one; mended, sent again, dropped. All by forms, complete without JavaScript."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from app.accept import replay as pipeline
from app.accept.replay import Replay
from app.errors import InvalidInput, NotFound, PartTaken, Problem, Unavailable
from app.json_text import FAULTS
from app.log.envelope import DeadLetter
from app.log.parsed import Refused
from app.log.record import id_bytes, id_text
from app.ports.figures import SAMPLE_LENGTH
from app.web.current import backends, parts, settings
from app.web.render import display, zone
from app.web.security import caching

bp = Blueprint("dead", __name__)
bp.after_request(caching.keep_none)

#: Groups and letters on a page.
GROUPS, LETTERS = 50, 50
#: Characters of a payload in a list.
SAMPLE_SHOWN = 300
#: Seconds for which one request sends letters again; the page then offers to go on.
REPLAY_SECONDS = 5.0
#: Longest payload, in bytes, that is shown to be changed; longer ones are changed in a file.
EDIT_BYTES = 256 << 10
#: Longest text that indenting may make of one, in bytes: of what is nested a thousandfold it would make hundreds of MB.
INDENTED_BYTES = 2 * EDIT_BYTES
#: Bytes of a form with one: in a URL's encoding each may become three, and line ends two.
_FORM_BYTES = 8 * EDIT_BYTES
#: Characters of a payload shown before and after a fault in it, and in all where the fault has no place.
_AROUND = 200
#: A text in JSON, also one that does not end; and what begins a line where JSON is indented.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BREAK = re.compile(rb"[\[\]{},]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with what is in a letter: what, and where."""

    message: str
    field: str | None
    #: The log it is in, counted from 1, where there are several.
    log: int | None
    place: Any

    @classmethod
    def of(cls, refused: Refused) -> Fault:
        """Return the text around the fault, with the fault marked where its place is known."""
        problem = refused.problem
        text = refused.payload.decode("utf-8", "replace")
        if problem.position is None:
            place = display.clip(text, _AROUND) if problem.index is not None else None
        else:
            start = max(problem.position - _AROUND, 0)
            place = display.mark(text[start : problem.position + _AROUND], problem.position - start)
        return cls(problem.message, problem.field, None if problem.index is None else problem.index + 1, place)


@bp.get("/dead")
def overview() -> str:
    """Show the letters by reason, or those with one reason."""
    zone.check()
    keeper, done = backends().record.letters, _done()
    waits = _waits()
    if "reason" not in request.args and "all" not in request.args:
        counts = keeper.dead_counts()
        groups = keeper.dead_groups(GROUPS)
        return render_template(
            "dead.html", groups=groups, total=sum(counts.values()), reasons=len(counts), done=done, waits=waits
        )
    reason = request.args.get("reason")
    before = _id("before") if request.args.get("before") else None
    letters = keeper.dead(LETTERS + 1, before, reason, SAMPLE_LENGTH)
    count = keeper.dead_counts()
    return render_template(
        "dead_reason.html",
        reason=reason,
        letters=letters[:LETTERS],
        older=letters[LETTERS - 1].id if len(letters) > LETTERS else None,
        first=before is None,
        total=sum(count.values()) if reason is None else count.get(reason, 0),
        done=done,
        waits=waits,
    )


@bp.get("/dead/<identity>")
def letter(identity: str) -> str:
    """Show one letter, with what is wrong with it now, to be changed and sent again."""
    zone.check()
    return _shown(_found(identity))


@bp.get("/dead/<identity>/payload")
def payload(identity: str) -> Response:
    """Answer with exactly what was sent, as a file that no browser shows or runs."""
    found = _found(identity)
    response = Response(found.payload, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="dead-{id_text(found.id)}.json"'
    return response


@bp.post("/dead/<identity>")
def send(identity: str) -> BaseResponse | tuple[str, int]:
    """Send a letter again, as it is or changed; what is refused is shown as it was typed, with its faults."""
    request.max_form_memory_size = _FORM_BYTES
    found = _found(identity)
    typed = request.form.get("payload")
    sent = None if typed is None else typed.replace("\r\n", "\n").encode("utf-8", "replace")
    try:
        replayed = _replay().letter(found, sent)
    except PartTaken as error:
        return _shown(found, typed, [], str(error)), 503
    if replayed.refused:
        return _shown(found, typed, replayed.refused), 400
    return _to({"reason": found.reason, "replayed": 1, **({"before_now": 1} if replayed.before else {})})


@bp.post("/dead/replay")
def replay() -> BaseResponse:
    """Send again the letters with a reason, or all, that are no newer than the newest the page showed; what is refused stays."""
    reason, newest = _chosen()
    sender, replayed, kept, until = _replay(), 0, 0, time.monotonic() + REPLAY_SECONDS
    for one in pipeline.each(backends().record.letters, reason, newest):
        if time.monotonic() > until:
            return _to(_where(reason) | {"replayed": replayed, "kept": kept, "rest": id_text(one.id)})
        if sender.letter(one).refused:
            kept += 1
        else:
            replayed += 1
    return _to(_where(reason) | {"replayed": replayed, "kept": kept})


@bp.get("/dead/drop")
def ask() -> str:
    """Ask whether to drop: one letter, those with a reason, or all, up to the newest of now."""
    keeper = backends().record.letters
    if request.args.get("id"):
        found = _found(request.args["id"])
        return render_template("dead_drop.html", letter=found, count=1, reason=found.reason)
    reason = request.args.get("reason")
    newest = keeper.dead(1, None, reason, 0)
    if not newest:
        raise NotFound("There is no such dead letter any more")
    counts = keeper.dead_counts()
    count = sum(counts.values()) if reason is None else counts.get(reason, 0)
    return render_template("dead_drop.html", newest=newest[0].id, reason=reason, count=count)


@bp.post("/dead/drop")
def drop() -> BaseResponse:
    """Drop what was asked about."""
    if "id" in request.form:
        found = _found(request.form["id"])
        return _to({"reason": found.reason, "dropped": backends().record.letters.drop_dead([found.id])})
    reason, newest = _chosen()
    return _to(_where(reason) | {"dropped": pipeline.drop(backends().record.letters, reason, newest)})


def _shown(
    found: DeadLetter, typed: str | None = None, refused: list[Refused] | None = None, part: str | None = None
) -> str:
    if refused is None:
        _, refused = pipeline.check(found.payload, parts().limits)
    long = len(found.payload) > EDIT_BYTES
    return render_template(
        "dead_letter.html",
        letter=found,
        text=None if long else typed if typed is not None else editable(found.payload),
        typed=typed is not None,
        part=part,
        faults=[Fault.of(one) for one in refused[:20]],
        more=max(len(refused) - 20, 0),
        shown=display.shorten(found.payload[: 4 * SAMPLE_LENGTH].decode("utf-8", "replace"), SAMPLE_LENGTH),
        whole_text=_is_text(found.payload),
    )


def editable(payload: bytes) -> str:
    """Return a payload as text to be changed: JSON indented unless that makes it long, its numbers as they were sent; hidden characters escaped."""
    try:
        # Only its blanks change: decoding and encoding it could change numbers, and drop one of two equal keys.
        small = _indented(payload) <= INDENTED_BYTES
        text = (msgspec.json.format(payload, indent=2) if small else payload).decode()
    except FAULTS:
        text = payload.decode("utf-8", "replace")
    return display.escaped(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def _indented(payload: bytes) -> int:
    """Return how many bytes indenting makes of a payload, if it is JSON, or some more."""
    size, depth = len(payload), 0
    for sign in _BREAK.findall(_TEXT.sub(b"", payload)):
        depth += (sign in b"[{") - (sign in b"]}")
        size += 1 + 2 * depth
    return size


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _replay() -> Replay:
    return Replay(parts().accept(), backends().record.letters, parts().limits)


def _found(text: str) -> DeadLetter:
    try:
        return pipeline.find(backends().record.letters, id_bytes(text))
    except ValueError:
        raise NotFound(f"{text[:100]} is not the id of a dead letter") from None
    except NotFound:
        raise NotFound(f"There is no dead letter {text}: it was replayed, dropped, or is still on its way") from None


def _id(name: str) -> bytes:
    try:
        return id_bytes(request.values[name])
    except (KeyError, ValueError):
        raise InvalidInput(Problem("is not the id of a dead letter", name)) from None


def _chosen() -> tuple[str | None, bytes]:
    """Return the reason (None for all) and the newest id of the letters that a form means.

    The reason is read from the URL: in a form's values a browser changes line ends.
    """
    if ("reason" in request.args) == ("all" in request.args):
        raise InvalidInput(Problem("is to be given, or `all`, and not both", "reason"))
    return request.args.get("reason"), _id("newest")


def _where(reason: str | None) -> dict[str, Any]:
    return {"all": 1} if reason is None else {"reason": reason}


def _to(query: dict[str, Any]) -> BaseResponse:
    """Go back to the list; to that of reasons where the last letter of this one is gone."""
    reason = query.get("reason")
    if (reason is not None or "all" in query) and not backends().record.letters.dead(1, None, reason, 0):
        query = {name: value for name, value in query.items() if name not in ("reason", "all")}
    return redirect(f"{settings().path_prefix}/dead?{urlencode(query)}", 303)


def _done() -> dict[str, int]:
    """Return what the form before did: numbers only, for anybody can write such an address."""
    names = ("replayed", "kept", "dropped", "before_now")
    return {name: int(value) for name in names if (value := request.args.get(name, "")).isdecimal() and len(value) < 9}


def _waits() -> bool:
    """Return whether letters may still be on their way."""
    try:
        return backends().queue.depth().bytes > 0
    except Unavailable:
        return True


@bp.app_template_filter("sample")
def sample(payload: bytes) -> Markup:
    """Return the beginning of what was sent."""
    return display.clip(payload.decode("utf-8", "replace"), SAMPLE_SHOWN)


@bp.app_template_filter("at")
def at(identity: bytes) -> str:
    """Return the time in an id, to the second."""
    return zone.to_second(int.from_bytes(identity[:6], "big"))
