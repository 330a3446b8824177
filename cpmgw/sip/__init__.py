"""SIP: a sans-I/O core (RFC 3261) and the Twisted transports that feed it."""
