"""SMTP for MM4 and e-mail: RFC 5321 and what real relays ask for beside it."""
