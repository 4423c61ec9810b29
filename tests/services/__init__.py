"""Real servers for tests and developers, without containers: PostgreSQL, RabbitMQ, OpenSearch, and ElasticMQ for SQS.

Each is a class with `start`, `stop`, `kill` (as a crash would) and `url`, on a folder of its own and ports of 127.0.0.1 only.
"""
