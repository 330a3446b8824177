"""The Interworking Functions (TS 6), one folder a Non-CPM service."""
