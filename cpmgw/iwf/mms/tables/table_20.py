"""Table 20: MMS read reply to CPM display notification (TS 6.3.1.1.4)."""

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
from cpmgw.mm4.pdu import ReadStatus

TABLE_20_NOTIFICATION: Final = Table[MmsReport](
    20,
    "6.3.1.1.4",
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
        Row("XML display-notification", MANDATORY, rules.display_status),
        Row("CPIM IMDN-Route", CONDITIONAL, common.route),
        Row("XML original-recipient-uri", CONDITIONAL, common.original_to),
        Row("CPIM imdn.Message-ID", MANDATORY, common.new_message_id),
        Row("XML recipient-uri", OPTIONAL, common.recipient_uri),
        Row("XML message-id", MANDATORY, common.message_id_of_the_original),
        Row("SIP Date", OPTIONAL, rules.date),
        Row("XML datetime", MANDATORY, common.datetime_of_the_original),
        # RFC 3261 8.1.1: made for each request.
        Row("SIP Call-ID", MANDATORY, nothing),
        Row("SIP CSeq", MANDATORY, nothing),
        Row("SIP Content-Type", MANDATORY, constant("message/cpim")),
    ),
)

DISPLAY: Final[Mapping[ReadStatus, Status]] = {
    ReadStatus.READ: Status.DISPLAYED,
    ReadStatus.DELETED: Status.ERROR,
}
