"""The record: one module per system, chosen by the scheme of STORE_URL."""
