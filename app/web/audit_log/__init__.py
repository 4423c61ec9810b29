"""The audit log as admins read it: a page, and by the API."""
