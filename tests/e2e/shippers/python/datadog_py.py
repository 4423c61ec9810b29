"""datadog-api-client: one request for each batch, sent again after 5xx."""

import sys
import time
import traceback

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.model.http_log import HTTPLog
from datadog_api_client.v2.model.http_log_item import HTTPLogItem
from loop import boom, failed, large, serve, text

configuration = Configuration(host=sys.argv[1], api_key={"apiKeyAuth": "a-key"}, enable_retry=True, max_retries=6)
api = LogsApi(ApiClient(configuration))


def item(number, spoilt):
    """Return a log."""
    message = text(number)
    if failed(number):
        error = boom()
        message += "\n" + "".join(traceback.format_exception(error))
    return HTTPLogItem(
        message=message,
        service="shop",
        ddsource="python",
        ddtags="env:test",
        status="error" if failed(number) else "warn",
        timestamp=str(int(time.time() * 1000)),
        **{"dd.trace_id": f"trace-{number}"},
        **large(number, spoilt),
    )


def send(numbers, spoilt):
    """Send them in one request."""
    api.submit_log(HTTPLog([item(number, spoilt) for number in numbers]))


serve(send)
