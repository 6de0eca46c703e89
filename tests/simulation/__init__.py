"""The product's own logic in one thread, over a simulated broker, database and clock, with faults at every effect."""
