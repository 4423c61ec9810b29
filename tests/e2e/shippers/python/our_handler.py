"""logingestor.handler: each batch is told once nothing of it waits any more."""

import logging
import sys
import time

from loop import boom, failed, large, serve, text

from logingestor.handler import LogIngestorHandler

handler = LogIngestorHandler(sys.argv[1], interval=0.05)
log = logging.getLogger("shop.pay")
log.addHandler(handler)
log.propagate = False
#: Seconds until what waits counts as not delivered.
FLUSH_SECONDS = 60


def send(numbers, spoilt):
    """Log each, and wait until all have been sent."""
    for number in numbers:
        extra = {"traceId": f"trace-{number}", "order": number, **large(number, spoilt)}
        if failed(number):
            log.error(text(number), exc_info=boom(), extra=extra)
        else:
            log.warning(text(number), extra=extra)
        time.sleep(0.001)
    began = time.monotonic()
    handler.flush(FLUSH_SECONDS)
    return time.monotonic() - began < FLUSH_SECONDS


serve(send)
