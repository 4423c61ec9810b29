"""What a log is, how it is asked for, and the ports to the outside: no I/O, no driver, no Flask."""
