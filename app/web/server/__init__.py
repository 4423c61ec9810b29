"""The server: event loop, threads, sockets."""
