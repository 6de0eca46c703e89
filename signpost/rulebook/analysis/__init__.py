"""Proofs over a loaded rulebook: conditions that cannot hold, unreachable escalation, the audience barrier. Pure."""
