"""Messages grouped by what they have in common."""
