"""Measurements beside plain yardsticks in the same run. `python -m benchmarks` runs them all."""
