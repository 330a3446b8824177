"""CPM sessions with MMS users (TS 6.3.1.1.6)."""
