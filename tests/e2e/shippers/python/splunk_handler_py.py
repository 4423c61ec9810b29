"""splunk-handler, a handler of Python's logging for Splunk's HTTP Event Collector."""

import logging
import sys
from urllib.parse import urlsplit

from loop import log_each, serve
from splunk_handler import SplunkHandler

address = urlsplit(sys.argv[1])
handler = SplunkHandler(
    host=address.hostname,
    port=address.port,
    token="a-token",
    index="main",
    source="shop",
    protocol="http",
    verify=False,
    flush_interval=0.2,
    retry_count=8,
    retry_backoff=0.5,
    timeout=10,
)
log = logging.getLogger("shop.pay")
log.addHandler(handler)
log.propagate = False


def send(numbers, spoilt):
    """Log them."""
    log_each(log, numbers, spoilt)
    return False


serve(send)
