"""The index in OpenSearch: alternate of SearchIndex for one or more hosts."""

from app.systems.opensearch.index import OpenSearchIndex

__all__ = ["OpenSearchIndex"]
