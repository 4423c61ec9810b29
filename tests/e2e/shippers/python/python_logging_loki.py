"""python-logging-loki: a request for each record; what fails is written to stderr."""

import logging
import sys

import logging_loki
from loop import boom, failed, large, serve, text

faults = []


class Handler(logging_loki.LokiHandler):
    """Remembers that a record was not delivered."""

    def handleError(self, record):  # noqa: N802
        """Remember it."""
        faults.append(record)


logger = logging.getLogger("shop.pay")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(Handler(url=sys.argv[1] + "/loki/api/v1/push", tags={"service": "shop"}, version="1"))


def send(numbers, spoilt):
    """Log each; what is lost is told."""
    faults.clear()
    for number in numbers:
        extra = {"tags": {"trace_id": f"trace-{number}", **large(number, spoilt)}}
        if failed(number):
            logger.error(text(number), exc_info=boom(), extra=extra)
        else:
            logger.warning(text(number), extra=extra)
    if faults:
        raise RuntimeError(f"{len(faults)} lost")


serve(send)
