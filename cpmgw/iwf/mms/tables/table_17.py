"""Table 17: MMS delivery report to CPM delivery notification (TS 6.3.1.1.3).

Rows are named as those of Table 3: "SIP", "CPIM" and "XML" tell where a value goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.cpm.imdn import Status
from cpmgw.iwf import notification_rules as common
from cpmgw.iwf.mapping import (
    CONDITIONAL,
    MANDATORY,
    OPTIONAL,
    Row,
    Table,
    constant,
    nothing,
)
from cpmgw.iwf.mms import report_rules as rules
from cpmgw.iwf.mms.report_rules import MmsReport
from cpmgw.mm4.pdu import MmStatus

TABLE_17_NOTIFICATION: Final = Table[MmsReport](
    17,
    "6.3.1.1.3",
    rows=(
        Row("SIP User-Agent", MANDATORY, rules.user_agent),
        Row(
            "SIP P-Asserted-Identity, SIP From, CPIM From",
            MANDATORY,
            rules.recipient_address,
        ),
        Row("SIP To, SIP Request-URI, CPIM To", MANDATORY, rules.sender_address),
        Row("SIP Conversation-ID", MANDATORY, common.conversation_id),
        Row("SIP Contribution-ID", MANDATORY, common.contribution_id),
        Row("CPIM Content-Disposition", MANDATORY, constant("notification")),
        Row("XML interworking-notification", MANDATORY, rules.interworking_status),
        Row("XML delivery-notification", MANDATORY, rules.delivery_status),
        Row("XML processing-notification", MANDATORY, rules.processing_status),
        Row("CPIM imdn.Message-ID", MANDATORY, common.new_message_id),
        Row("CPIM IMDN-Route", CONDITIONAL, common.route),
        Row("XML original-recipient-uri", CONDITIONAL, common.original_to),
        Row("XML message-id", MANDATORY, common.message_id_of_the_original),
        Row("XML recipient-uri", OPTIONAL, common.recipient_uri),
        Row("SIP Date", OPTIONAL, rules.date),
        Row("XML datetime", MANDATORY, common.datetime_of_the_original),
        # RFC 3261 8.1.1: made for each request.
        Row("SIP Call-ID", MANDATORY, nothing),
        Row("SIP CSeq", MANDATORY, nothing),
        Row("SIP Content-Type", MANDATORY, constant("message/cpim")),
    ),
)

# a) The TS says "failed", which this notification cannot (conversation TS O.2): its
# word for a failure is "error", as in Table 3.
INTERWORKING: Final[Mapping[MmStatus, Status]] = {
    MmStatus.RETRIEVED: Status.LEGACY_MMS,
    MmStatus.REJECTED: Status.ERROR,
    MmStatus.EXPIRED: Status.ERROR,
    MmStatus.UNRECOGNISED: Status.ERROR,
}
# b)
DELIVERY: Final[Mapping[MmStatus, Status]] = {
    MmStatus.RETRIEVED: Status.DELIVERED,
    MmStatus.REJECTED: Status.FAILED,
    MmStatus.EXPIRED: Status.FAILED,
    MmStatus.UNRECOGNISED: Status.FAILED,
}
# c)
PROCESSING: Final[Mapping[MmStatus, Status]] = {
    MmStatus.INDETERMINATE: Status.PROCESSED,
    MmStatus.FORWARDED: Status.PROCESSED,
    MmStatus.DEFERRED: Status.STORED,
}
