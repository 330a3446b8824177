"""Interworking with SMS as an External Short Message Entity (TS 6.2.2)."""
