"""From any JSON object to a log in our own form: by its dialect, else by names and types."""
