"""The mapping tables of TS 6.2.2, one module a table, data only."""
