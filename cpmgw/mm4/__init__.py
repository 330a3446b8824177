"""MM4: MMS relays to each other, over SMTP (3GPP TS 23.140 8.4)."""
