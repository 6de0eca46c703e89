"""The ledger: breaks every part of a running system in turn, and accounts for every event and message afterwards."""
