"""The message/cpim of an MMS, and the list of its recipients (Tables 36 and 40)."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.cpim_text import CpimAddress
from cpmgw.cpm.resource_lists import (
    MEDIA_TYPE,
    RECIPIENT_LIST_HISTORY,
    build_resource_lists,
)
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.iwf.mms import pager_rules
from cpmgw.iwf.mms.multimedia import InboundMms, MmsRequest
from cpmgw.iwf.mms.tables.msrp_send import MSRP_SEND
from cpmgw.mm4.entity import fields_for_cpm, to_cpm

# RFC 5364 6 and RFC 5365 4: who cannot read it need not mind.
_DISPOSITION: Final = f"{RECIPIENT_LIST_HISTORY}; handling=optional"


def wrapped(source: MmsRequest) -> bytes:
    """The content in a CPIM wrapper, unmodified (TS 6.3 2)."""
    message = source.message
    values = MSRP_SEND.apply(source)
    content_type, encoding, content = to_cpm(message.entity)
    sender = pager_rules.identity_of(message).from_
    said = message.forward.date
    headers = [
        ("From", str(CpimAddress(str(sender.uri), sender.display_name))),
        ("To", str(CpimAddress(str(message.recipient)))),
        ("DateTime", format_datetime(message.received if said is None else said)),
        ("NS", "imdn <urn:ietf:params:imdn>"),
        ("imdn.Message-ID", message.identity),
    ]
    if asked := values["imdn.Disposition-Notification"]:
        words = ", ".join(each.value for each in asked)
        headers.append(("imdn.Disposition-Notification", words))
    content_headers = [("Content-Type", content_type)]
    if encoding:
        content_headers.append(("Content-Transfer-Encoding", encoding))
    content_headers += fields_for_cpm(message.entity)
    return CpimMessage(tuple(headers), tuple(content_headers), content).encode()


def with_history(
    message: InboundMms, content_type: str, body: bytes
) -> tuple[str, bytes]:
    """A body with the list of all recipients beside it, where there are several.

    The Content-Type, and the octets (RFC 5365 4, RFC 5366).
    """
    if not message.history:
        return content_type, body
    boundary = uuid4().hex
    delimiter = f"--{boundary}\r\n".encode()
    pieces = (
        delimiter,
        f"Content-Type: {content_type}\r\n\r\n".encode(),
        body,
        b"\r\n",
        delimiter,
        f"Content-Type: {MEDIA_TYPE}\r\n".encode(),
        f"Content-Disposition: {_DISPOSITION}\r\n\r\n".encode(),
        build_resource_lists(message.history),
        f"\r\n--{boundary}--\r\n".encode(),
    )
    return f'multipart/mixed;boundary="{boundary}"', b"".join(pieces)
