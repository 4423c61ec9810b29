"""Listening for senders that speak no HTTP: syslog and GELF, over UDP, TCP, TLS and unix sockets."""
