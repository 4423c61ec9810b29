"""RabbitMQ: the queue."""
