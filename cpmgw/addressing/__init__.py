"""Whose address is what: numbers, names and SIP URIs (TS Tables 1 and 9)."""
