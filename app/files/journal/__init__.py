"""Entries of systemd's journal, as a stream and as files."""
