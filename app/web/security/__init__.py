"""Who may ask: passwords, tries, headers, and how errors are answered."""
