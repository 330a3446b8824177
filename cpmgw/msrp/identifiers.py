"""Names made here: of sessions, transactions and messages (RFC 4975 6, 7.1, 14.1)."""

from __future__ import annotations

import secrets


def new_ident() -> str:
    """A transaction id or a Message-ID that nobody guesses: 96 bits of chance."""
    return secrets.token_hex(12)


def new_session_id() -> str:
    """A session-id that nobody guesses; RFC 4975 14.1 asks for 80 bits of chance."""
    return secrets.token_hex(16)
