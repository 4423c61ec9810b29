"""Accepting logs: ids, claims of repeated requests, receipts."""
