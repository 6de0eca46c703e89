"""The queue processes: advisor, clock and relay. `main(settings)` of each module runs one. Serves no HTTP."""
