"""Bodies of messages: in memory while they are small, else in files."""
