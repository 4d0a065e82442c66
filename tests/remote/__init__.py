"""Programs that speak docs/fuzz-protocol.md: the seeded faults, and what does not answer as it should."""
