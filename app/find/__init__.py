"""Finding logs: pages, counts, exports, following, traces."""
