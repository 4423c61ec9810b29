"""OpenSearch, as app/backends.py opens it: an index."""

from __future__ import annotations

from app.settings.settings import Settings
from app.systems.entry import Opened, Purpose, System
from app.systems.opensearch.index import OpenSearchIndex


class OpenSearch(System):
    """Indices: `http(s)://host:9200[,host…]/prefix?shards=3&replicas=1`."""

    def open(self, url: str, purposes: frozenset[Purpose], settings: Settings) -> Opened:
        """See System."""
        return Opened(index=OpenSearchIndex(url, retention=settings.retention))
