"""Measurements of the whole program on the machine at hand; README.md has the method."""
