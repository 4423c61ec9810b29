"""Code that both SQL systems share."""
