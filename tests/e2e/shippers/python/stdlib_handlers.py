"""Handlers of the standard library: HTTPHandler by an address of HTTP, else SysLogHandler; neither reads an answer."""

import datetime
import logging
import logging.handlers
import socket
import sys
from urllib.parse import urlsplit

from loop import boom, failed, serve, text


class Handler(logging.handlers.HTTPHandler):
    """Sends the text of a record, with its exception; without this class it sends the text before its arguments are put in."""

    def mapLogRecord(self, record):  # noqa: N802
        """Return the fields of the form."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat()
        more = {"resourceId": record.name, "traceId": record.trace_id}
        return {"message": self.format(record), "level": record.levelname, "timestamp": at, **more}


at = urlsplit(sys.argv[1])
if at.scheme == "http":
    handler = Handler(at.netloc, "/logs/ingest/", method="POST")
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
        extra = {"trace_id": f"trace-{number}", "order": number}
        if failed(number):
            logger.error(text(number), exc_info=boom(), extra=extra)
        else:
            logger.warning(text(number), extra=extra)
    return False


serve(send, handler.close)
