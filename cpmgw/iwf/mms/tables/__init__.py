"""The tables of TS 6.3.1, as data."""
