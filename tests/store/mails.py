"""Mail for the tests of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cpmgw.bodies.spool import Body, Spool, SpoolLimits
from cpmgw.mail_records import InboxMail, OutboxMail, ReceivedMms, SentMms
from tests.store.values import CONTEXT

SPILL = 100
SMALL = b"small"
HEADER = b"X-Mms-Message-ID: 1\r\n\r\n"
LARGE = HEADER + bytes(range(256)) * 4


def inbox_mail(key: str = "k1", **details: Any) -> InboxMail:
    """A mail to two recipients; what it repeats follows from its key."""
    known: dict[str, Any] = {
        "service": "mms",
        "peer": "mmsc[home]",
        "sender": "+15145550002/TYPE=PLMN@mms.test",
        "recipients": ("+15145550001/TYPE=PLMN@us.test", "+15145550003/TYPE=PLMN@us"),
        "repeat": key.encode().rjust(16),
        "received": 1.0,
        "expires": 1000.0,
    }
    return InboxMail(key=key, **(known | details))


def outbox_mail(key: str = "o1", **details: Any) -> OutboxMail:
    """A mail that is due at once and awaits no answer."""
    known: dict[str, Any] = {
        "service": "mms",
        "relay": "home",
        "sender": "system-user@us.test",
        "recipient": "system-user@mms.test",
        "content": b"X-Mms-3GPP-MMS-Version: 6.3.0\r\n\r\n",
        "expires": 1000.0,
    }
    return OutboxMail(key=key, **(known | details))


def sent_mms(message_id: str = "s1", **details: Any) -> SentMms:
    """A message that left as MMS."""
    known: dict[str, Any] = {
        "context": CONTEXT,
        "relay": "home",
        "recipient": "+15145550002",
        "expires": 100.0,
    }
    return SentMms(message_id=message_id, **(known | details))


def received_mms(imdn_id: str = "i1", **details: Any) -> ReceivedMms:
    """A message that came as MMS and wants both reports."""
    known: dict[str, Any] = {
        "message_id": "theirs@mms.test",
        "relay": "home",
        "sender": "+15145550002/TYPE=PLMN@mms.test",
        "recipient": "+15145550001/TYPE=PLMN@us.test",
        "mail_from": "relay@mms.test",
        "system": "",
        "wanted": ("delivery", "read"),
        "expires": 100.0,
    }
    return ReceivedMms(imdn_id=imdn_id, **(known | details))


def spool_at(folder: Path) -> Spool:
    """Where bodies of more than a hundred octets are files."""
    limits = SpoolLimits(spill=SPILL, storage=100_000_000, files=10_000)
    return Spool(str(folder), limits)


def body_of(spool: Spool, content: bytes) -> Body:
    """A body with all of its content."""
    body = spool.body()
    body.write(0, content)
    body.finish()
    return body
