"""Table 3: SMS status report to CPM delivery notification (TS 6.2.2.1.2).

Rows are named as the TS names them: "SIP", "CPIM" and "XML" tell where the value goes.
"""

from __future__ import annotations

from typing import Final

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
from cpmgw.iwf.sms import notification_rules as rules
from cpmgw.iwf.sms.shortmessage import StatusReport

TABLE_3_NOTIFICATION: Final = Table[StatusReport](
    3,
    "6.2.2.1.2",
    rows=(
        Row(
            "SIP P-Asserted-Identity, SIP From, CPIM From",
            MANDATORY,
            rules.recipient_of_the_original,
        ),
        Row(
            "SIP Request-URI, SIP To, CPIM To",
            MANDATORY,
            rules.originator_of_the_original,
        ),
        Row("SIP Conversation-ID", MANDATORY, common.conversation_id),
        Row("SIP Contribution-ID", MANDATORY, common.contribution_id),
        Row("SIP User-Agent", MANDATORY, rules.user_agent),
        Row("CPIM imdn.Message-ID", MANDATORY, common.new_message_id),
        Row("CPIM Content-Disposition", MANDATORY, constant("notification")),
        Row("XML delivery-notification", CONDITIONAL, rules.delivery_status),
        Row("XML interworking-notification", CONDITIONAL, rules.interworking_status),
        Row("XML datetime", MANDATORY, common.datetime_of_the_original),
        Row("XML message-id", MANDATORY, common.message_id_of_the_original),
        Row("CPIM IMDN-Route", CONDITIONAL, common.route),
        Row("XML original-recipient-uri", CONDITIONAL, common.original_to),
        Row("XML recipient-uri", OPTIONAL, common.recipient_uri),
        # RFC 3261 8.1.1: the network side makes these two for each request.
        Row("SIP Call-ID", MANDATORY, nothing),
        Row("SIP CSeq", MANDATORY, nothing),
        Row("SIP Content-Type", MANDATORY, constant("message/cpim")),
    ),
)
