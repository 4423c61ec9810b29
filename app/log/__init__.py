"""A log: from bytes to a checked record, and the envelope that carries records."""
