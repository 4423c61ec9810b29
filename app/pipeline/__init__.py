"""The verbs: accept, drain, find, follow, expire. They know the ports, and no system behind them."""
