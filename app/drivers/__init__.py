"""Connections to systems that more than one port uses; imports core and the driver, nothing else of ours."""
