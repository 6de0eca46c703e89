"""The workers: advisor, clock, relay and deliverer. `main(settings)` of each module runs one. Serves no HTTP."""
