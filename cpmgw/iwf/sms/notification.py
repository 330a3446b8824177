"""An IMDN out of Table 3, and the SIP MESSAGE that carries it (TS 6.2.2.1.2 step 3).

That of a chat message goes by MSRP while its session lasts (TS 6.2.4 2a): then only the
message/cpim is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, notification_body
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.iwf.sms.shortmessage import StatusReport
from cpmgw.iwf.sms.tables.table_03 import TABLE_3_NOTIFICATION
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import parse_uri

# Who is at both ends of a session of two (RCC.10 6.1.5.1).
ANONYMOUS: Final = "sip:anonymous@anonymous.invalid"


def notification_request(source: StatusReport, *, call_id: str, tag: str) -> Request:
    """The MESSAGE of Table 3; the network side adds its Via.

    Accept-Contact has the original's feature, P-Asserted-Service what the original
    had (conversation TS 5.4.1).
    """
    values = TABLE_3_NOTIFICATION.apply(source)
    feature = Feature(source.context.feature)
    headers = [
        ("P-Asserted-Identity", f"<{values['SIP P-Asserted-Identity']}>"),
        ("Accept-Contact", accept_contact(feature)),
        ("P-Asserted-Service", source.context.service or icsi(feature)),
        ("User-Agent", values["SIP User-Agent"]),
        ("Content-Type", values["SIP Content-Type"]),
    ]
    for name in ("Conversation-ID", "Contribution-ID"):
        if f"SIP {name}" in values:
            headers.append((name, values[f"SIP {name}"]))
    return originate(
        "MESSAGE",
        parse_uri(values["SIP Request-URI"]),
        from_=NameAddr(parse_uri(values["SIP From"])).with_parameter("tag", tag),
        to=NameAddr(parse_uri(values["SIP To"])),
        call_id=call_id,
        headers=headers,
        body=_cpim(source, values, values["CPIM From"], values["CPIM To"]),
    )


def session_notification(source: StatusReport) -> bytes:
    """The same message/cpim for MSRP SEND (conversation TS 5.4.1 step 2 b).

    In a session of two nobody is named in it (RCC.10 6.1.5.1).
    """
    values = TABLE_3_NOTIFICATION.apply(source)
    if source.context.anonymous:
        return _cpim(source, values, ANONYMOUS, ANONYMOUS)
    return _cpim(source, values, values["CPIM From"], values["CPIM To"])


def _cpim(
    source: StatusReport, values: Mapping[str, Any], sender: str, to: str
) -> bytes:
    return notification_body(
        Imdn(
            message_id=values["XML message-id"],
            datetime=values["XML datetime"],
            notifications=_notifications(source),
            recipient_uri=values["XML recipient-uri"],
            original_recipient_uri=values.get("XML original-recipient-uri", ""),
        ),
        sender=sender,
        to=to,
        datetime=format_datetime(source.now),
        message_id=values["CPIM imdn.Message-ID"],
        routes=values.get("CPIM IMDN-Route", ()),
    )


def _notifications(source: StatusReport) -> tuple[Notification, ...]:
    """The notifications of one IMDN; both kinds may stand in it (Table 3)."""
    kinds = (
        (Kind.DELIVERY, source.delivery),
        (Kind.INTERWORKING, source.interworking),
    )
    return tuple(Notification(kind, Status(word)) for kind, word in kinds if word)
