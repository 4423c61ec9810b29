"""The rules over HTTP: what is taken out of logs, which are dropped, how long which are kept; as answers and as a page."""
