"""The Interworking Selection Function (TS 5)."""
