"""Signpost's library: case, rulebook, engine, advice, messaging, storage, settings and the command line."""
