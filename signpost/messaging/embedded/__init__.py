"""Signpost's queues inside the SQLite file of the database: several processes of one machine, no server."""
