"""The commands about what is kept: rules before the queue, expiry, deletion."""
