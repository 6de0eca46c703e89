"""Analyses a loaded rulebook: contradictions, unreachable priorities, the audience barrier. Reads no file."""
