"""The CPIM wrapper of a message made here (conversation TS 7.2.1.3, TS Table 9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cpmgw.cpm.cpim_text import escaped, text_escaped
from cpmgw.cpm.imdn import Disposition

_ORDER: Final = tuple(Disposition)


def wrapped(
    content: bytes,
    content_type: str,
    *,
    sender: str,
    to: str,
    datetime: str,
    cc: Iterable[str] = (),
    subject: str = "",
    message_id: str = "",
    dispositions: Iterable[Disposition] = (),
    transfer_encoding: str = "",
) -> bytes:
    """Write a message/cpim body around content (RFC 3862 2, RFC 5438 6).

    Addresses are URIs. IMDN headers are written when there is a `message_id`.
    """
    head = f"From: <{escaped(sender)}>\r\nTo: <{escaped(to)}>\r\n"
    for uri in cc:
        head += f"cc: <{escaped(uri)}>\r\n"
    head += f"DateTime: {escaped(datetime)}\r\n"
    if subject:
        head += f"Subject: {text_escaped(subject)}\r\n"
    if message_id:
        head += (
            "NS: imdn <urn:ietf:params:imdn>\r\n"
            f"imdn.Message-ID: {escaped(message_id)}\r\n"
        )
        if asked := ", ".join(d.value for d in _in_order(dispositions)):
            head += f"imdn.Disposition-Notification: {asked}\r\n"
    head += f"\r\nContent-Type: {escaped(content_type)}\r\n"
    if transfer_encoding:
        head += f"Content-Transfer-Encoding: {escaped(transfer_encoding)}\r\n"
    head += f"Content-Length: {len(content)}\r\n\r\n"
    return head.encode("utf-8", "replace") + content


def _in_order(dispositions: Iterable[Disposition]) -> list[Disposition]:
    wanted = frozenset(dispositions)
    return [d for d in _ORDER if d in wanted]
