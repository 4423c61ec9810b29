"""Rules: which parts of a log are taken out before it is queued, which logs are left out, and how long which are kept."""
