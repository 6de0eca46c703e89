"""Metrics of every process for Prometheus: the table, the health of a role, the internal HTTP server.

A process that does not start them counts nothing and never imports prometheus_client.
"""
