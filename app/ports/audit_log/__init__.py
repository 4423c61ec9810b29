"""The audit log: who did what, as entries in one chain."""
