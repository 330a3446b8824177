"""What a relay does not take becomes what it takes (TS 6.3)."""
