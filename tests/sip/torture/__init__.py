"""Messages with the oddities of RFC 4475 and RFC 5118, composed for these tests."""
