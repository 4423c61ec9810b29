"""The door of Elasticsearch's and OpenSearch's clients and of the shippers that speak `_bulk`."""
