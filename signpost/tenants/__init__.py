"""Tenants: API keys, sources and rule overrides, read from one strict YAML file and reloaded at run time."""
