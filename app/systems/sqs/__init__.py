"""Amazon SQS: the queue."""
