"""The way in, below HTTP: strict JSON, CloudEvents bindings, signatures, vendors' payloads. No Flask, no clock."""
