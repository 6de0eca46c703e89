"""Signpost's queues on RabbitMQ, 3.10 and later, through pika."""
