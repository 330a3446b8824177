"""CPM sessions with SMS users (TS 6.2.2.1.3 to 6.2.2.1.6, 6.2.2.2.2, 6.2.2.2.4)."""
