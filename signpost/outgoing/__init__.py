"""Outgoing webhooks: which messages an endpoint gets, how they are signed and sent, and when they are tried again."""
