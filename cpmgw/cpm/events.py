"""Interworking events to the Participating Function (TS 6.2.3, conv. TS 6.7.5.2)."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.cpm.errors import EventError
from cpmgw.cpm.markup import (
    XmlLimits,
    children,
    content_of,
    escaped,
    local_name,
    parse_xml,
)

# The type goes bare from an IWF to the Participating Function (TS 6.2.3.2 item 5).
IW_EVENT_TYPE: Final = "application/vnd.oma.cpm-event-iw+xml"

DEFAULT_LIMITS: Final = XmlLimits(max_size=16_384, max_depth=8, max_elements=100)


class FailedIw(msgspec.Struct, frozen=True):
    """An interworked message did not reach its recipient (TS 6.2.3).

    `user` is the CPM user's address as a URI, `message_id` the message's IMDN
    Message-ID.
    """

    user: str
    message_id: str


class ReadyForSms(msgspec.Struct, frozen=True):
    """A user whose delivery had failed can be reached again (TS 6.2.3.1)."""

    user: str


Event = FailedIw | ReadyForSms

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n'
    '<cpm-evfw xmlns="urn:oma:xml:cpm:evfw"><cpm-event-iw>'
)
_TAIL: Final = "</cpm-event-iw></cpm-evfw>\r\n"


def failed_iw(user: str, message_id: str) -> bytes:
    """Write the event that a message's delivery has failed (TS 6.2.3 item 2)."""
    return _encoded(
        f"<failed-iw><cpm-user-address>{escaped(user)}</cpm-user-address>"
        f"<message-id>{escaped(message_id)}</message-id></failed-iw>"
    )


def ready_for_sms(user: str) -> bytes:
    """Write the event that a user can receive SMS again (TS 6.2.3.1)."""
    return _encoded(
        f"<ready-for-sms><cpm-user-address>{escaped(user)}</cpm-user-address>"
        "</ready-for-sms>"
    )


def _encoded(event: str) -> bytes:
    return f"{_HEAD}{event}{_TAIL}".encode("utf-8", "replace")


def parse_event(data: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Event:
    """Read an interworking event; EventError (400) for anything else.

    The outer cpm-evfw may be left out (conversation TS 6.7.5.2.1 shows none).
    """
    try:
        root = parse_xml(data, limits)
    except ValueError as error:
        raise EventError(str(error)) from error
    elements = [root, *root.iterdescendants()]
    if local_name(root) not in ("cpm-evfw", "cpm-event-iw"):
        raise EventError("no event of the CPM event reporting framework")
    for element in elements:
        name = local_name(element)
        if name not in ("failed-iw", "ready-for-sms"):
            continue
        texts = {key: content_of(child) for key, child in children(element)}
        user = texts.get("cpm-user-address", "")
        if not user:
            raise EventError(f"{name} without cpm-user-address")
        if name == "ready-for-sms":
            return ReadyForSms(user)
        if not texts.get("message-id"):
            raise EventError("failed-iw without message-id")
        return FailedIw(user, texts["message-id"])
    raise EventError("no interworking event")
