"""The commands for those who may use a server: tokens and users."""
