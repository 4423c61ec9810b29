"""What helps to write a query, or to see why it found nothing."""
