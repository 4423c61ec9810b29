"""Lines of text read as logs: pure functions, the same for a file's line and for a text that was sent."""
