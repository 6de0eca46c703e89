"""Benchmarks: each line measures Signpost and its yardstick in turn, in one run. `python -m benchmarks` runs them."""
