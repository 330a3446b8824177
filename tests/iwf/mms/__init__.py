"""Interworking with MMS (TS 6.3)."""
