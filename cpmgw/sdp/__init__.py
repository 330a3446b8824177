"""Session descriptions: offers and answers for MSRP media (RFC 8866, RFC 3264)."""
