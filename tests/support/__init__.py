"""What the tests of the whole house share: a network that lives in memory."""
