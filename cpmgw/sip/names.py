"""Header field names: spellings, compact forms, lists and singles (RFC 3261 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# RFC 3261 7.3.3; 3265: o, u; 3515: r; 3841: a, d, j; 3892: b; 4028: x; 4474: n, y.
COMPACT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a": "Accept-Contact",
        "b": "Referred-By",
        "c": "Content-Type",
        "d": "Request-Disposition",
        "e": "Content-Encoding",
        "f": "From",
        "i": "Call-ID",
        "j": "Reject-Contact",
        "k": "Supported",
        "l": "Content-Length",
        "m": "Contact",
        "n": "Identity-Info",
        "o": "Event",
        "r": "Refer-To",
        "s": "Subject",
        "t": "To",
        "u": "Allow-Events",
        "v": "Via",
        "x": "Session-Expires",
        "y": "Identity",
    }
)

# Those whose value is a list of members with commas between: the #-rules of RFC 3261,
# 3262, 3265, 3325, 3326, 3327, 3329, 3608, 3841, 4244, 4412, 6050, 6442, 7315.
_LISTS: Final = (
    "Accept",
    "Accept-Contact",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Resource-Priority",
    "Alert-Info",
    "Allow",
    "Allow-Events",
    "Call-Info",
    "Contact",
    "Content-Encoding",
    "Content-Language",
    "Diversion",
    "Error-Info",
    "Feature-Caps",
    "Geolocation",
    "History-Info",
    "In-Reply-To",
    "P-Access-Network-Info",
    "P-Asserted-Identity",
    "P-Asserted-Service",
    "P-Associated-URI",
    "P-Preferred-Identity",
    "P-Preferred-Service",
    "P-Visited-Network-ID",
    "Path",
    "Permission-Missing",
    "Proxy-Require",
    "Reason",
    "Record-Route",
    "Recv-Info",
    "Reject-Contact",
    "Request-Disposition",
    "Require",
    "Resource-Priority",
    "Route",
    "Security-Client",
    "Security-Server",
    "Security-Verify",
    "Service-Route",
    "Supported",
    "Trigger-Consent",
    "Unsupported",
    "Via",
    "Warning",
)

# Those that a message carries once and that must not be there with two meanings.
_SINGLES: Final = (
    "Call-ID",
    "Content-Disposition",
    "Content-Length",
    "Content-Type",
    "CSeq",
    "Date",
    "Event",
    "Expires",
    "From",
    "MIME-Version",
    "Max-Forwards",
    "Min-Expires",
    "Min-SE",
    "Organization",
    "Priority",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Reply-To",
    "Retry-After",
    "Server",
    "Session-Expires",
    "Subject",
    "Timestamp",
    "To",
    "User-Agent",
)
_OTHERS: Final = (
    "Authorization",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "WWW-Authenticate",
    "Conversation-ID",
    "Contribution-ID",
    "InReplyTo-Contribution-ID",
    "Message-Context",
    "Message-Correlator",
    "Message-Expires",
    "Privacy",
    "P-Charging-Vector",
    "P-Called-Party-ID",
)

LISTS: Final = frozenset(name.lower() for name in _LISTS)
SINGLES: Final = frozenset(name.lower() for name in _SINGLES)

# The key of every spelling that is common; a name that is here is surely a token.
KEYS: Final[Mapping[str, str]] = {
    **{name: name.lower() for name in (*_LISTS, *_SINGLES, *_OTHERS)},
    **{name.lower(): name.lower() for name in (*_LISTS, *_SINGLES, *_OTHERS)},
    **{short: name.lower() for short, name in COMPACT.items()},
    **{short.upper(): name.lower() for short, name in COMPACT.items()},
}


def key_of(name: str) -> str:
    """What all spellings of a header name have in common: long, in lower case."""
    return KEYS.get(name) or name.lower()
