"""Help with writing a query, and with seeing why it found nothing."""
