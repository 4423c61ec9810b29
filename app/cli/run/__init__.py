"""Running the processes of one machine."""
