"""Monitoring: which processes live, what is wrong, and the notices that say so."""
