"""YAML files that people write: one strict reader for all of them, and the problems it reports."""
