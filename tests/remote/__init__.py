"""Programs that speak the protocol of docs/fuzz-protocol.md: the seeded faults, and programs that answer wrongly."""
