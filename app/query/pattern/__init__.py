"""Regular expressions as trees, for indices that have no RE2."""
