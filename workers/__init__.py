"""The queue processes: advisor, clock and relay. Each module's `main(settings)` runs one of them."""
