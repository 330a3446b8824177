"""SIP header fields that CPM defines or reads (conversation TS App. C, A3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

CONVERSATION_ID: Final = "Conversation-ID"
CONTRIBUTION_ID: Final = "Contribution-ID"
IN_REPLY_TO_CONTRIBUTION_ID: Final = "InReplyTo-Contribution-ID"
SESSION_REPLACES: Final = "Session-Replaces"
MESSAGE_EXPIRES: Final = "Message-Expires"
MESSAGE_UID: Final = "Message-UID"
MESSAGE_CONTEXT: Final = "Message-Context"
MESSAGE_CORRELATOR: Final = "Message-Correlator"
IW_NUMBER: Final = "IW-Number"
EXPIRES: Final = "Expires"
PRIORITY: Final = "Priority"
PRIVACY: Final = "Privacy"
CONTENT_LANGUAGE: Final = "Content-Language"

# Values of Message-Context (C.1.10, RFC 3458).
PAGER_MESSAGE: Final = "pager-message"
MULTIMEDIA_MESSAGE: Final = "multimedia-message"

MAX_DELTA_SECONDS: Final = 2**32 - 1
MAX_IDENTIFIER: Final = 256


class HeaderSource(Protocol):
    """What is needed of a message's headers."""

    def get(self, name: str) -> str | None:
        """Give the first value, None if there is none."""

    def all(self, name: str) -> list[str]:
        """Give every value."""


class Priority(Enum):
    """The values of Priority (RFC 3261 20.26)."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    NORMAL = "normal"
    NON_URGENT = "non-urgent"


_PRIORITIES: Final = {p.value: p for p in Priority}

# SMPP 3.4 5.3.2.19 by primary language subtag; 0 is unspecified.
LANGUAGE_INDICATORS: Final[Mapping[str, int]] = MappingProxyType(
    {"en": 1, "fr": 2, "es": 3, "de": 4, "pt": 5}
)
LANGUAGE_UNSPECIFIED: Final = 0
_LANGUAGES: Final = {indicator: tag for tag, indicator in LANGUAGE_INDICATORS.items()}
# The same languages by their names of ISO 639-2.
_LONG: Final = {
    "eng": "en",
    "fra": "fr",
    "fre": "fr",
    "spa": "es",
    "deu": "de",
    "ger": "de",
    "por": "pt",
}


class Identification(msgspec.Struct, frozen=True):
    """The headers that place a message in a conversation (conversation TS 5.3)."""

    conversation_id: str = ""
    contribution_id: str = ""
    in_reply_to: str = ""

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Give the header fields that are there, as an answer repeats them."""
        return tuple(
            (name, value)
            for name, value in (
                (CONVERSATION_ID, self.conversation_id),
                (CONTRIBUTION_ID, self.contribution_id),
                (IN_REPLY_TO_CONTRIBUTION_ID, self.in_reply_to),
            )
            if value
        )


def identification_of(headers: HeaderSource) -> Identification:
    """Read Conversation-ID, Contribution-ID, InReplyTo-Contribution-ID (C.1.1-C.1.3).

    They are kept as they came; longer than `MAX_IDENTIFIER` they are left out.
    """
    return Identification(
        _identifier(headers.get(CONVERSATION_ID)),
        _identifier(headers.get(CONTRIBUTION_ID)),
        _identifier(headers.get(IN_REPLY_TO_CONTRIBUTION_ID)),
    )


def _identifier(value: str | None) -> str:
    return value if value and len(value) <= MAX_IDENTIFIER else ""


def delta_seconds(value: str | None) -> int | None:
    """Read delta-seconds (RFC 3261 25.1); None for a date or anything else."""
    text = (value or "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        return None
    return min(int(text), MAX_DELTA_SECONDS)


def expires_of(headers: HeaderSource) -> int | None:
    """Give Expires in seconds, None if absent or malformed (RFC 3261 20.19)."""
    return delta_seconds(headers.get(EXPIRES))


def message_expires_of(headers: HeaderSource) -> int | None:
    """Give Message-Expires in seconds, None if absent or malformed (C.1.5)."""
    return delta_seconds(headers.get(MESSAGE_EXPIRES))


def priority_of(headers: HeaderSource) -> Priority | None:
    """Give the Priority, None if absent or another value (RFC 3261 20.26)."""
    value = headers.get(PRIORITY)
    return None if value is None else _PRIORITIES.get(value.strip().lower())


def privacy_of(headers: HeaderSource) -> frozenset[str]:
    """Give the priv-values of Privacy in lower case (RFC 3323 4.2, RFC 3325 9.3)."""
    return frozenset(
        token
        for value in headers.all(PRIVACY)
        for piece in value.replace(",", ";").split(";")
        if (token := piece.strip().lower())
    )


def hides_identity(headers: HeaderSource) -> bool:
    """Whether the sender asks that others are not told who it is (RFC 3323, 3325)."""
    return not privacy_of(headers).isdisjoint(("id", "user", "header"))


def language_indicator(headers: HeaderSource) -> int | None:
    """Give SMPP's language_indicator of Content-Language (SMPP 3.4 5.3.2.19).

    None without the header; unspecified when it names no language SMPP has.
    """
    values = headers.all(CONTENT_LANGUAGE)
    if not values:
        return None
    for value in values:
        for tag in value.split(","):
            primary = tag.strip().partition("-")[0].lower()
            indicator = LANGUAGE_INDICATORS.get(_LONG.get(primary, primary))
            if indicator is not None:
                return indicator
    return LANGUAGE_UNSPECIFIED


def language_of(indicator: int) -> str | None:
    """Give the Content-Language of SMPP's language_indicator (TS Table 9)."""
    return _LANGUAGES.get(indicator)


def iw_number_of(headers: HeaderSource) -> str | None:
    """Give the URI of IW-Number, with or without brackets (C.1.12)."""
    value = headers.get(IW_NUMBER)
    if not value:
        return None
    text = value.strip()
    if text.startswith("<"):
        text = text[1:].partition(">")[0].strip()
    return text if text.lower().startswith("tel:") and len(text) <= 64 else None
