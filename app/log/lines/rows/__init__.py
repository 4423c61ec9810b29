"""Rows of the table of forms: layouts that are a program's own."""
