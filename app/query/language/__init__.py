"""The query language: text to a filter tree."""
