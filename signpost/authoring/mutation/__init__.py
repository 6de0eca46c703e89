"""Mutation: rules changed in one small way each, to see whether a timeline notices. Pure but for the cache and the
processes that `trial` starts."""
