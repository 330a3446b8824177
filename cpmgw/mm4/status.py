"""The words of MM4's fields, in every spelling that peers use (TS 23.140 8.4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeVar

from cpmgw.mm4.pdu import MessageType, MmStatus, Priority, ReadStatus, RequestStatus

E = TypeVar("E", bound=Enum)

_SPACES: Final = re.compile(r"[\s._-]+")


def _key(text: str) -> str:
    return _SPACES.sub("", text.strip().strip('"<>').lower())


def _table(kind: type[E], more: Mapping[str, E]) -> Mapping[str, E]:
    """Each by its own word, and by further ones."""
    own = {_key(each.value): each for each in kind}
    return MappingProxyType({**own, **{_key(k): v for k, v in more.items()}})


_TYPES: Final = _table(
    MessageType,
    {
        "MM4_read_reply.REQ": MessageType.READ_REPLY_REQ,
        "MM4_read_reply.RES": MessageType.READ_REPLY_RES,
    },
)

# Numbers are those of the MMS encapsulation (OMA-TS-MMS_ENC 7.3: Response-Status,
# Status, Read-Status, Priority), its words for what is transient or permanent too.
_REQUEST: Final = _table(
    RequestStatus,
    {
        "Success": RequestStatus.OK,
        "Error-address-unresolved": RequestStatus.ADDRESS_UNRESOLVED,
        "Error-sender-address-unresolved": RequestStatus.ADDRESS_UNRESOLVED,
        "Error-format-corrupt": RequestStatus.FORMAT_CORRUPT,
        "Error-unsupported": RequestStatus.UNSUPPORTED_MESSAGE,
        "Error-transient-failure": RequestStatus.NETWORK_PROBLEM,
        "Error-transient-sending-address-unresolved": RequestStatus.ADDRESS_UNRESOLVED,
        "Error-transient-address-unresolved": RequestStatus.ADDRESS_UNRESOLVED,
        "Error-transient-message-not-found": RequestStatus.NOT_FOUND,
        "Error-transient-network-problem": RequestStatus.NETWORK_PROBLEM,
        "Error-transient-partial-success": RequestStatus.UNSPECIFIED,
        "Error-permanent-failure": RequestStatus.UNSPECIFIED,
        "Error-permanent-service-denied": RequestStatus.SERVICE_DENIED,
        "Error-permanent-message-format-corrupt": RequestStatus.FORMAT_CORRUPT,
        "Error-permanent-sending-address-unresolved": RequestStatus.ADDRESS_UNRESOLVED,
        "Error-permanent-address-unresolved": RequestStatus.ADDRESS_UNRESOLVED,
        "Error-permanent-message-not-found": RequestStatus.NOT_FOUND,
        "Error-permanent-content-not-accepted": RequestStatus.CONTENT_NOT_ACCEPTED,
        "Error-permanent-lack-of-prepaid": RequestStatus.SERVICE_DENIED,
        "128": RequestStatus.OK,
        "129": RequestStatus.UNSPECIFIED,
        "130": RequestStatus.SERVICE_DENIED,
        "131": RequestStatus.FORMAT_CORRUPT,
        "132": RequestStatus.ADDRESS_UNRESOLVED,
        "133": RequestStatus.NOT_FOUND,
        "134": RequestStatus.NETWORK_PROBLEM,
        "135": RequestStatus.CONTENT_NOT_ACCEPTED,
        "136": RequestStatus.UNSUPPORTED_MESSAGE,
        "193": RequestStatus.ADDRESS_UNRESOLVED,
        "194": RequestStatus.NOT_FOUND,
        "196": RequestStatus.UNSPECIFIED,
        "225": RequestStatus.SERVICE_DENIED,
        "226": RequestStatus.FORMAT_CORRUPT,
        "227": RequestStatus.ADDRESS_UNRESOLVED,
        "228": RequestStatus.NOT_FOUND,
        "229": RequestStatus.CONTENT_NOT_ACCEPTED,
        "235": RequestStatus.SERVICE_DENIED,
    },
)
_TRANSIENT: Final = range(192, 224)

_MM: Final = _table(
    MmStatus,
    {
        "Unrecognized": MmStatus.UNRECOGNISED,
        "Unreachable": MmStatus.INDETERMINATE,
        "Delivered": MmStatus.RETRIEVED,
        "128": MmStatus.EXPIRED,
        "129": MmStatus.RETRIEVED,
        "130": MmStatus.REJECTED,
        "131": MmStatus.DEFERRED,
        "132": MmStatus.UNRECOGNISED,
        "133": MmStatus.INDETERMINATE,
        "134": MmStatus.FORWARDED,
        "135": MmStatus.INDETERMINATE,
    },
)

_READ: Final = _table(
    ReadStatus,
    {
        "Deleted": ReadStatus.DELETED,
        "Deleted without reading": ReadStatus.DELETED,
        "128": ReadStatus.READ,
        "129": ReadStatus.DELETED,
    },
)

_PRIORITY: Final = _table(
    Priority,
    {
        "Medium": Priority.NORMAL,
        "Urgent": Priority.HIGH,
        "128": Priority.LOW,
        "129": Priority.NORMAL,
        "130": Priority.HIGH,
    },
)

_CLASSES: Final = MappingProxyType(
    {
        "128": "Personal",
        "129": "Advertisement",
        "130": "Informational",
        "131": "Auto",
    }
)

_YES: Final = frozenset(("yes", "true", "1", "128", "y"))
_VISIBILITY: Final = MappingProxyType(
    {"hide": True, "128": True, "show": False, "129": False}
)


def message_type(text: str) -> MessageType | None:
    """Read X-Mms-Message-Type; None for one that is none of the six."""
    return _TYPES.get(_key(text))


def request_status(text: str) -> RequestStatus:
    """Read X-Mms-Request-Status-Code; one that is not known is not specified.

    A number that is not known is a network problem if it is of the transient errors.
    """
    key = _key(text)
    known = _REQUEST.get(key)
    if known is not None:
        return known
    if key.isascii() and key.isdigit() and len(key) < 4 and int(key) in _TRANSIENT:
        return RequestStatus.NETWORK_PROBLEM
    return RequestStatus.UNSPECIFIED


def mm_status(text: str) -> MmStatus | None:
    """Read X-Mms-MM-Status-Code; None where it says nothing.

    A status that is not known leaves open what became of the message.
    """
    if not text.strip():
        return None
    return _MM.get(_key(text), MmStatus.INDETERMINATE)


def read_status(text: str) -> ReadStatus | None:
    """Read X-Mms-Read-Status; None where it is neither."""
    return _READ.get(_key(text))


def priority(text: str) -> Priority | None:
    """Read X-Mms-Priority; None where it is not said."""
    return _PRIORITY.get(_key(text))


def message_class(text: str) -> str:
    """Read X-Mms-Message-Class: its word, or whatever is there."""
    return _CLASSES.get(text.strip(), text.strip())


def yes(text: str) -> bool:
    """Read a field that is "Yes" or "No"; whatever else is No."""
    return _key(text) in _YES


def hidden(text: str) -> bool | None:
    """Read X-Mms-Sender-Visibility; None where it is not said."""
    return _VISIBILITY.get(_key(text))
