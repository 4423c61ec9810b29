"""The head of a line: its time, level, thread, logger and place, in whatever order."""
