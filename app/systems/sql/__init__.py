"""What both SQL systems share."""
