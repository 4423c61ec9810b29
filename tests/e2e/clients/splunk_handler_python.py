"""splunk-handler, a handler of Python's logging for Splunk's HTTP Event Collector."""

from __future__ import annotations

import logging
import sys
import time
from urllib.parse import urlsplit

from splunk_handler import SplunkHandler

url, first, count, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
address = urlsplit(url)
handler = SplunkHandler(
    host=address.hostname,
    port=address.port,
    token="a-token",
    index="main",
    hostname="web-1",
    source="shop",
    protocol="http",
    flush_interval=0.2,
    retry_count=8,
    retry_backoff=0.5,
    timeout=10,
)
log = logging.getLogger("shop.pay")
log.addHandler(handler)
log.setLevel(logging.INFO)
for n in range(first, first + count):
    if n == first + 1:
        try:
            raise ValueError("no such order")
        except ValueError:
            log.exception("number %d", n)
    else:
        log.info("number %d", n)
    time.sleep(pause)
