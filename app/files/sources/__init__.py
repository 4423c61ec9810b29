"""How sources write, as an admin said: kept, asked for, applied and shown."""
