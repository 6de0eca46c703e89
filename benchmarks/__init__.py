"""Benchmarks, each next to a plain baseline in the same run. `python -m benchmarks` runs all of them."""
