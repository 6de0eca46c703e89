"""Mutation tests of rules: changes each rule in one small way and checks that a timeline fails. Pure except for the
cache and the processes of `run`."""
