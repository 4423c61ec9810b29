"""Handlers of the standard library: HTTPHandler by an address of HTTP, else SysLogHandler; neither reads an answer."""

import datetime
import logging
import logging.handlers
import socket
import sys
from urllib.parse import urlsplit

from loop import as_text, boom, failed, large, raised, serve, text


class Handler(logging.handlers.HTTPHandler):
    """Sends the text of a record, with its exception; without this class it sends the text before its arguments are put in."""

    def mapLogRecord(self, record):  # noqa: N802
        """Return the fields of the form."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat()
        more = {"resourceId": record.name, "traceId": record.trace_id}
        return {"message": self.format(record), "level": record.levelname, "timestamp": at, **more}


class Larger(Handler):
    """Sends what else a record has."""

    def mapLogRecord(self, record):  # noqa: N802
        """Return the fields of the form."""
        return {**super().mapLogRecord(record), **record.more}


at = urlsplit(sys.argv[1])
if at.scheme == "http":
    handler = Larger(at.netloc, "/logs/ingest/", method="POST")
else:
    kind = socket.SOCK_DGRAM if at.scheme == "udp" else socket.SOCK_STREAM
    handler = logging.handlers.SysLogHandler((at.hostname, at.port), socktype=kind)
    handler.ident = "shop: "
handler.handleError = lambda record: None
logger = logging.getLogger("shop.pay")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(handler)


def send(numbers, spoilt):
    """Log each; whether it arrived is not told."""
    for number in numbers:
        extra = {"trace_id": f"trace-{number}", "order": number, "more": large(number, spoilt)}
        message = text(number) if at.scheme == "http" else as_text(number, spoilt)
        if failed(number):
            logger.error(message, exc_info=boom() if at.scheme == "http" else raised(number, spoilt), extra=extra)
        else:
            logger.warning(message, extra=extra)
    return False


serve(send, handler.close)
