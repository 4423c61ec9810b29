"""elasticsearch-py: helpers.bulk."""

import sys

from documents import actions
from elasticsearch import Elasticsearch, helpers
from loop import serve

client = Elasticsearch(sys.argv[1])


def send(numbers, spoilt):
    """Send them in one request; the bad ones must be told."""
    _, errors = helpers.bulk(client, actions(numbers, spoilt), raise_on_error=False)
    assert len(errors) == (sum(1 for n in numbers if n % 20 == 7) if spoilt else 0), errors


serve(send)
