"""The protocols that LogIngestor asks of outside systems: one protocol a file."""
