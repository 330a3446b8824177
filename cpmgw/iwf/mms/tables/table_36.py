"""Table 36: MMS to pager mode CPM standalone message, MM4 level (TS 6.3.1.2.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Row, Table, nothing
from cpmgw.iwf.mms import pager_rules as rules
from cpmgw.iwf.mms.multimedia import MmsRequest

TABLE_36_SIP_MESSAGE: Final = Table[MmsRequest](
    36,
    "6.3.1.2.1",
    rows=(
        Row("User-Agent", MANDATORY, rules.user_agent),
        # Beside the body, by `wrapping.with_history`: `InboundMms.history`.
        Row("recipient-list-history", OPTIONAL, nothing),
        Row("P-Asserted-Identity, From", MANDATORY, rules.sender_identities),
        Row("Date", OPTIONAL, rules.date),
        Row("Expires", OPTIONAL, rules.expires),
        # negative-delivery by policy key ask_negative_delivery (RCC.10 4).
        Row("CPIM delivery report", CONDITIONAL, rules.delivery_dispositions),
        Row("Privacy", CONDITIONAL, rules.privacy),
        # Both rows are imdn.Disposition-Notification, which `wrapping` writes as one.
        Row("CPIM read reply", OPTIONAL, rules.read_dispositions),
        Row("Subject", OPTIONAL, rules.subject),
        Row("Max-Forwards", MANDATORY, rules.max_forwards),
        # Made by `wrapping.wrapped`, for its size decides which mode it is.
        Row("Body", CONDITIONAL, nothing),
        # RFC 3261 8.1.1: the network side adds the Via, message.originate the CSeq.
        Row("Via", MANDATORY, nothing),
        Row("CSeq", MANDATORY, nothing),
        Row("Call-ID", MANDATORY, rules.call_id),
    ),
)
