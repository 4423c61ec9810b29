"""Reading log files: their forms, rotation, and how far each was read."""
