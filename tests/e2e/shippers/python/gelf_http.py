"""graypy and pygelf over HTTP: a request for each record; they read no answer."""

import logging
import sys
from urllib.parse import urlsplit

from loop import boom, failed, large, serve, text

url = urlsplit(sys.argv[1])
try:
    import graypy

    handler = graypy.GELFHTTPHandler(url.hostname, url.port)
except ImportError:
    import pygelf

    handler = pygelf.GelfHttpHandler(host=url.hostname, port=url.port, include_extra_fields=True)
logger = logging.getLogger("shop.pay")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(handler)


def send(numbers, spoilt):
    """Log each; whether it arrived is not told."""
    for number in numbers:
        extra = {"trace_id": f"trace-{number}", "order": number, **large(number, spoilt)}
        if failed(number):
            logger.error(text(number), exc_info=boom(), extra=extra)
        else:
            logger.warning(text(number), extra=extra)
    return False


serve(send)
