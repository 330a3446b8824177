"""Which test proves which item of the specifications: what docs/coverage.md says."""
