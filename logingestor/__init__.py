"""The package that applications import: `logingestor.handler` sends their logs. Nothing here imports the server or any library."""
