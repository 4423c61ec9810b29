"""Access to the web: passwords, tries, headers, and how errors are answered."""
