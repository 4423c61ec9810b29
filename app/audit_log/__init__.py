"""The audit log before and behind its table: entries on their way there, and whether the chain is whole."""
