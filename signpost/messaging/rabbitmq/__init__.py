"""The broker protocols on RabbitMQ 3.10 and later, through pika. The only package that imports pika."""
