"""Pages and API of alerts and saved searches."""
