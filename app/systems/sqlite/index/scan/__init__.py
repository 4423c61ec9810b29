"""Segments asked by a filter: their columns, their messages, and the marks that leave whole blocks out."""
