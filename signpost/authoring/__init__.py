"""Tools for rule authors: timelines, mutation, backtest, catalogue, inspection. Not needed by a running system."""
