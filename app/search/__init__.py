"""The index: one module per system, chosen by the scheme of SEARCH_URL."""
