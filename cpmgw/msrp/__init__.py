"""MSRP: messages of a session over TCP and TLS (RFC 4975, 4976, 6135, 6714)."""
