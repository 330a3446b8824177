"""What an MSRP SEND carries in a CPM session (conversation TS 5.2, 5.4, 5.5, 6.7, 6.8).

Messages and notifications come in a CPIM wrapper; isComposing in a session of two, and
the requests that manage a group, come without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

import msgspec

from cpmgw.cpm.content import acceptable, text_of
from cpmgw.cpm.cpim import DEFAULT_LIMITS as CPIM_LIMITS
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.cpim import CpimLimits, CpimMessage, parse_cpim
from cpmgw.cpm.cpim_text import CpimAddress, parse_address
from cpmgw.cpm.errors import CpimError
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.cpm.imdn import (
    Disposition,
    Imdn,
    Requested,
    imdn_of,
    notification_body,
    parse_imdn,
)
from cpmgw.cpm.mime import DEFAULT_LIMITS, MediaType, MimeLimits, parse_media_type
from cpmgw.cpm.wrapper import wrapped

COMPOSING_TYPE: Final = "application/im-iscomposing+xml"
GROUP_DATA_TYPE: Final = "application/vnd.oma.cpm-groupdata+xml"
TEXT_TYPE: Final = "text/plain;charset=UTF-8"

# Who is From and To in a session of two, where both ends are known (RCC.10 6.1.5.1).
ANONYMOUS_URI: Final = "sip:anonymous@anonymous.invalid"

_EVENT_PREFIX: Final = "application/vnd.oma.cpm-"
_XML: Final = "+xml"


class Content(Enum):
    """The kinds of what is sent in a session."""

    TEXT = "text"
    NOTIFICATION = "notification"
    COMPOSING = "composing"
    GROUP_DATA = "group data"
    EVENT = "event"
    OTHER = "other"


class ChatContent(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one SEND, read.

    `content_type` is that inside the wrapper, and so are `transfer_encoding` and
    `octets`. `text` is that of a TEXT where it was asked for, `imdn` the document of a
    NOTIFICATION. `sender` is the CPIM From, None without one; in a session of two it
    says nothing (RCC.10 6.1.5.1). `requested` are the notifications that are asked for,
    with the imdn.Message-ID.
    """

    kind: Content
    content_type: str
    transfer_encoding: str = ""
    octets: bytes = b""
    cpim: CpimMessage | None = None
    text: str = ""
    imdn: Imdn | None = None
    requested: Requested = Requested()

    @property
    def sender(self) -> CpimAddress | None:
        """Whom a member of a group says to be."""
        value = self.cpim.get("From") if self.cpim is not None else None
        return parse_address(value) if value else None

    @property
    def datetime(self) -> str:
        """The CPIM DateTime as it came, empty without one."""
        return (self.cpim.get("DateTime") or "") if self.cpim is not None else ""


def read_chat(
    content_type: str,
    octets: bytes,
    limits: MimeLimits = DEFAULT_LIMITS,
    cpim_limits: CpimLimits = CPIM_LIMITS,
) -> ChatContent:
    """Read the content of a SEND, with its text; what can have none is OTHER.

    Raises as `read_content` does, CannotBecomeText for a text type without readable
    text, and EndToEndProtected for what may not be opened (TS 6.6).
    """
    content = read_content(content_type, octets, cpim_limits)
    if content.kind is not Content.TEXT:
        return content
    text = text_of(
        content.content_type,
        content.octets,
        limits,
        transfer_encoding=content.transfer_encoding,
    )
    return msgspec.structs.replace(content, text=text)


def read_content(
    content_type: str, octets: bytes, cpim_limits: CpimLimits = CPIM_LIMITS
) -> ChatContent:
    """Read a SEND whose content goes on as it is.

    Raises CpimError for a wrapper that cannot be read, ImdnError for a notification
    that cannot.
    """
    if parse_media_type(content_type).name != CPIM_TYPE:
        return _read(content_type, "", octets, None)
    cpim = parse_cpim(octets, cpim_limits)
    unknown = cpim.not_understood()
    if unknown:
        raise CpimError(f"CPIM Require: {', '.join(unknown)}")
    encoding = cpim.content_header("Content-Transfer-Encoding")
    return _read(cpim.content_type, encoding, cpim.content, cpim)


def kind_of(content_type: str) -> Content:
    """What a media type is, before its octets are looked at."""
    return _kind(parse_media_type(content_type or "text/plain"))


def chat_message(
    text: str,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    datetime: str,
    dispositions: Iterable[Disposition] = (),
) -> bytes:
    """A text as message/cpim (TS 6.2.2.2.2 step 2, conversation TS 7.3.9.1).

    `sender` and `recipient` are URIs, in a session of two ANONYMOUS_URI.
    """
    return wrapped(
        text.encode("utf-8", "replace"),
        TEXT_TYPE,
        sender=sender,
        to=recipient,
        datetime=datetime,
        message_id=message_id,
        dispositions=dispositions,
    )


def chat_notification(
    imdn: Imdn,
    *,
    message_id: str,
    datetime: str,
    sender: str = ANONYMOUS_URI,
    recipient: str = ANONYMOUS_URI,
    routes: Sequence[str] = (),
) -> bytes:
    """A notification as message/cpim (conversation TS 5.4.1 2.b, 5.4.6).

    `message_id` and `datetime` are its own, `routes` the IMDN-Record-Route of the
    original. The addresses are those of a session of two unless told.
    """
    return notification_body(
        imdn,
        sender=sender,
        to=recipient,
        datetime=datetime,
        message_id=message_id,
        routes=routes,
    )


def _read(
    content_type: str, encoding: str, octets: bytes, cpim: CpimMessage | None
) -> ChatContent:
    kind = kind_of(content_type)
    return ChatContent(
        kind=kind,
        content_type=content_type,
        transfer_encoding=encoding,
        octets=octets,
        cpim=cpim,
        imdn=parse_imdn(octets) if kind is Content.NOTIFICATION else None,
        requested=Requested() if cpim is None else imdn_of(cpim),
    )


def _kind(media_type: MediaType) -> Content:
    name = media_type.name
    if name == IMDN_TYPE:
        return Content.NOTIFICATION
    if name == COMPOSING_TYPE:
        return Content.COMPOSING
    # A group's picture comes with the request that sets it (6.8.1).
    if GROUP_DATA_TYPE in (name, media_type.parameter("type").lower()):
        return Content.GROUP_DATA
    if name.startswith(_EVENT_PREFIX) and name.endswith(_XML):
        return Content.EVENT
    return Content.TEXT if acceptable(name) else Content.OTHER
