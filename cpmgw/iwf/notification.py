"""An IMDN out of the values of a table, and the SIP MESSAGE that carries it.

TS Tables 3, 17 and 20. Values are named as the rows of these tables: "SIP", "CPIM" and
"XML" tell where one goes. The IMDN of a chat message goes by MSRP while its session
lasts (TS 6.2.4 2a, 6.3.1.1.3 step 3a): then only the message/cpim is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, notification_body
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.records import ImdnContext
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import parse_uri

Values = Mapping[str, Any]

# Who is at both ends of a session of two (RCC.10 6.1.5.1).
ANONYMOUS: Final = "sip:anonymous@anonymous.invalid"
# Rows that go to header fields under their own name, where they are there.
_HEADERS: Final = (
    "User-Agent",
    "Content-Type",
    "Conversation-ID",
    "Contribution-ID",
    "Date",
)


def notification_request(
    values: Values, context: ImdnContext, now: float, *, call_id: str, tag: str
) -> Request:
    """The MESSAGE of a notification; the network side adds its Via.

    Accept-Contact has the original's feature, P-Asserted-Service what the original
    had (conversation TS 5.4.1). `now` is in seconds since 1970.
    """
    feature = Feature(context.feature)
    headers = [
        *(
            ("P-Asserted-Identity", f"<{each}>")
            for each in values["SIP P-Asserted-Identity"]
        ),
        ("Accept-Contact", accept_contact(feature)),
        ("P-Asserted-Service", context.service or icsi(feature)),
    ]
    for name in _HEADERS:
        if f"SIP {name}" in values:
            headers.append((name, values[f"SIP {name}"]))
    return originate(
        "MESSAGE",
        parse_uri(values["SIP Request-URI"]),
        from_=NameAddr(parse_uri(values["SIP From"])).with_parameter("tag", tag),
        to=NameAddr(parse_uri(values["SIP To"])),
        call_id=call_id,
        headers=headers,
        body=_cpim(values, now, values["CPIM From"], values["CPIM To"]),
    )


def session_notification(values: Values, context: ImdnContext, now: float) -> bytes:
    """The same message/cpim for MSRP SEND (conversation TS 5.4.1 step 2 b).

    In a session of two nobody is named in it (RCC.10 6.1.5.1).
    """
    if context.anonymous:
        return _cpim(values, now, ANONYMOUS, ANONYMOUS)
    return _cpim(values, now, values["CPIM From"], values["CPIM To"])


def _cpim(values: Values, now: float, sender: str, to: str) -> bytes:
    return notification_body(
        Imdn(
            message_id=values["XML message-id"],
            datetime=values["XML datetime"],
            notifications=_notifications(values),
            recipient_uri=values["XML recipient-uri"],
            original_recipient_uri=values.get("XML original-recipient-uri", ""),
        ),
        sender=sender,
        to=to,
        datetime=format_datetime(now),
        message_id=values["CPIM imdn.Message-ID"],
        routes=values.get("CPIM IMDN-Route", ()),
    )


def _notifications(values: Values) -> tuple[Notification, ...]:
    """The notifications of one IMDN; several kinds may stand in it (Tables 3, 17)."""
    return tuple(
        Notification(kind, Status(values[f"XML {kind.value}"]))
        for kind in Kind
        if f"XML {kind.value}" in values
    )
