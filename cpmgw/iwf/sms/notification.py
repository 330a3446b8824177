"""An IMDN out of Table 3, and the SIP MESSAGE that carries it (TS 6.2.2.1.2 step 3)."""

from __future__ import annotations

from cpmgw.iwf import notification
from cpmgw.iwf.sms.shortmessage import StatusReport
from cpmgw.iwf.sms.tables.table_03 import TABLE_3_NOTIFICATION
from cpmgw.sip.message import Request


def notification_request(source: StatusReport, *, call_id: str, tag: str) -> Request:
    """The MESSAGE of Table 3; the network side adds its Via."""
    values = TABLE_3_NOTIFICATION.apply(source)
    return notification.notification_request(
        values, source.context, source.now, call_id=call_id, tag=tag
    )


def session_notification(source: StatusReport) -> bytes:
    """The same message/cpim for MSRP SEND (TS 6.2.4 2a)."""
    values = TABLE_3_NOTIFICATION.apply(source)
    return notification.session_notification(values, source.context, source.now)
