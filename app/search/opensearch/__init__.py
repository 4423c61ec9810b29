"""The index in OpenSearch: alternate of SearchIndex for one or more hosts."""

from app.search.opensearch.index import OpenSearchIndex

__all__ = ["OpenSearchIndex"]
