"""Times: instants, zones, and how people and log files write both."""
