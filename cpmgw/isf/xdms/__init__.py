"""What users prefer, read from an XDMS (TS 5.1 step 7, RFC 4825)."""
