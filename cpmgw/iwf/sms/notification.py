"""The SIP MESSAGE that carries an IMDN, out of Table 3 (TS 6.2.2.1.2 step 3)."""

from __future__ import annotations

from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, notification_body
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.iwf.sms.shortmessage import StatusReport
from cpmgw.iwf.sms.tables.table_03 import TABLE_3_NOTIFICATION
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import parse_uri


def notification_request(source: StatusReport, *, call_id: str, tag: str) -> Request:
    """The MESSAGE of Table 3; the network side adds its Via.

    Accept-Contact has the original's feature, P-Asserted-Service what the original
    had (conversation TS 5.4.1).
    """
    values = TABLE_3_NOTIFICATION.apply(source)
    recipient = parse_uri(values["SIP From"])
    feature = Feature(source.context.feature)
    body = notification_body(
        Imdn(
            message_id=values["XML message-id"],
            datetime=values["XML datetime"],
            notifications=_notifications(source),
            recipient_uri=values["XML recipient-uri"],
            original_recipient_uri=values.get("XML original-recipient-uri", ""),
        ),
        sender=values["CPIM From"],
        to=values["CPIM To"],
        datetime=format_datetime(source.now),
        message_id=values["CPIM imdn.Message-ID"],
        routes=values.get("CPIM IMDN-Route", ()),
    )
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
        from_=NameAddr(recipient).with_parameter("tag", tag),
        to=NameAddr(parse_uri(values["SIP To"])),
        call_id=call_id,
        headers=headers,
        body=body,
    )


def _notifications(source: StatusReport) -> tuple[Notification, ...]:
    """The notifications of one IMDN; both kinds may stand in it (Table 3)."""
    kinds = (
        (Kind.DELIVERY, source.delivery),
        (Kind.INTERWORKING, source.interworking),
    )
    return tuple(Notification(kind, Status(word)) for kind, word in kinds if word)
