"""Pages and API for operators: overview, notices, dead letters, sources."""
