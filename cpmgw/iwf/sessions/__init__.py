"""CPM sessions towards services that have none (TS 6.1.4 to 6.1.7)."""
