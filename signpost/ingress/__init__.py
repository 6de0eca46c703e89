"""Ingress below HTTP: strict JSON, CloudEvents bindings, signatures, vendor mappings. No Flask, no clock, no I/O but
reading mapping files."""
