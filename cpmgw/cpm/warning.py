"""SIP Warning values of CPM (conversation TS 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NAME: Final = "Warning"

WARN_CODE: Final = 399

TOO_MANY_PARTICIPANTS: Final = 102
ISFOCUS_ALREADY_ASSIGNED: Final = 105
ANONYMITY_NOT_ALLOWED: Final = 119
FUNCTION_NOT_ALLOWED: Final = 122
SESSION_DOES_NOT_EXIST: Final = 123
NO_MESSAGES: Final = 125
SERVICE_NOT_AUTHORISED: Final = 127
NO_DESTINATIONS: Final = 129
VERSION_NOT_SUPPORTED: Final = 132
SIZE_EXCEEDED: Final = 133

# Conversation TS Table 1 (6.4.2).
WARNINGS: Final[Mapping[int, str]] = MappingProxyType(
    {
        TOO_MANY_PARTICIPANTS: "Too many participants",
        ISFOCUS_ALREADY_ASSIGNED: "Isfocus already assigned",
        ANONYMITY_NOT_ALLOWED: "Anonymity not allowed",
        FUNCTION_NOT_ALLOWED: "Function not allowed",
        SESSION_DOES_NOT_EXIST: "Session does not exist",
        NO_MESSAGES: "No messages",
        SERVICE_NOT_AUTHORISED: "Service not authorised",
        NO_DESTINATIONS: "No destinations",
        VERSION_NOT_SUPPORTED: "Version not supported",
        SIZE_EXCEEDED: "Size exceeded",
    }
)


def warning(agent: str, code: int, text: str | None = None) -> str:
    """Give a Warning value: 399, the agent's host, "code text" (6.4.1).

    `text` is needed for a code outside `WARNINGS` and replaces the text of one inside.
    """
    if text is None:
        text = WARNINGS[code]
    return f"{WARN_CODE} {agent} {_quoted(f'{code} {text}')}"


def _quoted(text: str) -> str:
    """Give a quoted-string (RFC 3261 25.1); control characters become spaces."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
