"""Single logs as most are sent, which are taken without Flask and without a task."""
