"""Makes and changes the tables; one file per step, in order."""
