"""Where accepted logs wait: one module per system, chosen by the scheme of QUEUE_URL."""
