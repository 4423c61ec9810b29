"""Documents in ECS for the clients of Elasticsearch and OpenSearch."""

import datetime
import traceback

from loop import bad, boom, failed, text


def document(number):
    """Return the document of a number."""
    now = datetime.datetime.now(datetime.UTC).isoformat()
    made = {"@timestamp": now, "message": text(number), "log.level": "error" if failed(number) else "warn"}
    made |= {"service": {"name": "shop"}, "trace": {"id": f"trace-{number}"}, "order": number}
    if failed(number):
        made["error"] = {"stack_trace": "".join(traceback.format_exception(boom()))}
    return made


def actions(numbers, spoilt, own_ids=False):
    """Yield what the helpers take; a document that is spoilt is a list, which is none."""
    for number in numbers:
        source = [number] if spoilt and bad(number) else document(number)
        made = {"_index": "app", "_source": source}
        if own_ids:
            made["_id"] = f"doc-{number}"
        yield made
