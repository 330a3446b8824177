"""Mail that comes back: delivery status notifications (RFC 3464, RFC 6522)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from typing import Final

import msgspec

from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import MimeLimits
from cpmgw.mm4.codec import identifier
from cpmgw.mm4.entity import Entity, read_entity
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.fields import Fields, read_fields
from cpmgw.mm4.limits import DEFAULT_LIMITS, MailLimits
from cpmgw.mm4.pdu import MessageType
from cpmgw.mm4.status import message_type


class Fate(Enum):
    """What became of a mail, by the Action of RFC 3464 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


_ACTIONS: Final = {
    "failed": Fate.FAILED,
    "delayed": Fate.DELAYED,
    "delivered": Fate.DELIVERED,
    "relayed": Fate.DELIVERED,
    "expanded": Fate.DELIVERED,
}
_ORDER: Final = (Fate.FAILED, Fate.DELAYED, Fate.DELIVERED)
_STATUS: Final = "message/delivery-status"
_RETURNED: Final = frozenset(
    (
        "message/rfc822",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
        "text/rfc822-headers",
    )
)
_MAX_GROUPS: Final = 1_000
_NO_LINES: Final = re.compile(rb"[\r\n]*")
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """A notification of a mail of ours, as far as it quotes that.

    `type` is None, and the identifiers are empty, where the mail is not quoted or is
    none of MM4. `fate` is the worst of the recipients'.
    """

    fate: Fate
    message_id: str = ""
    transaction_id: str = ""
    type: MessageType | None = None


def bounced(
    octets: bytes | memoryview,
    limits: MailLimits = DEFAULT_LIMITS,
    mime: MimeLimits | None = None,
) -> Bounce | None:
    """Read a mail that may be a delivery status notification; None if it is none."""
    try:
        fields, end = read_fields(octets, limits)
        if not fields.get("Content-Type").lower().startswith("multipart/report"):
            return None
        entity = read_entity(
            fields.get("Content-Type"),
            fields.get("Content-Transfer-Encoding"),
            memoryview(octets)[end:],
            mime or MimeLimits(max_size=len(octets)),
        )
    except (Mm4Error, MimeError):
        return None
    statuses = [each for each in entity.leaves() if each.media_type.name == _STATUS]
    if not statuses:
        return None
    fates = _fates(statuses[0].body, limits)
    if not fates:
        return None
    returned = _returned(entity, limits)
    return Bounce(
        fate=next(each for each in _ORDER if each in fates),
        message_id=identifier(returned.get("X-Mms-Message-ID")) if returned else "",
        transaction_id=(
            identifier(returned.get("X-Mms-Transaction-ID")) if returned else ""
        ),
        type=message_type(returned.get("X-Mms-Message-Type")) if returned else None,
    )


def _fates(body: bytes, limits: MailLimits) -> set[Fate]:
    """What became of the recipients: a group of fields is about each of them.

    The first group is about the mail as a whole, and has no Action.
    """
    found: set[Fate] = set()
    for group in islice(_groups(body), _MAX_GROUPS):
        try:
            fields, _ = read_fields(group, limits)
        except Mm4Error:
            break
        fate = _ACTIONS.get(fields.get("Action").partition("(")[0].strip().lower())
        if fate is not None:
            found.add(fate)
    return found


def _groups(body: bytes) -> Iterator[bytes]:
    """The pieces between empty lines."""
    start = 0
    while found := _NO_LINES.match(body, start):
        start = found.end()
        if start == len(body):
            return
        blank = _BLANK_LINE.search(body, start)
        end = len(body) if blank is None else blank.end()
        yield body[start:end]
        start = end


def _returned(entity: Entity, limits: MailLimits) -> Fields | None:
    """The header of the mail that is told of, whole or not."""
    for each in entity.leaves():
        if each.media_type.name in _RETURNED:
            try:
                return read_fields(each.body.lstrip(b"\r\n"), limits)[0]
            except Mm4Error:
                return None
    return None
