"""Table 5: the user's answer to the SIP response to an INVITE (TS 6.2.2.1.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, Row, Table, nothing
from cpmgw.iwf.sessions import acceptance
from cpmgw.iwf.sessions.acceptance import InvitationAnswer
from cpmgw.iwf.sms import rules

TABLE_5_SIP_RESPONSE: Final = Table[InvitationAnswer](
    5,
    "6.2.2.1.3",
    rows=(
        # 603, or 480 by policy key session.declined_status (TS 6.1.4 step 8d).
        Row("response code, reason phrase", MANDATORY, acceptance.code_and_reason),
        # RFC 3261 8.2.6 copies these five; message.respond does it for every answer.
        Row("Call-ID", MANDATORY, nothing),
        Row("To", MANDATORY, nothing),
        Row("Via", MANDATORY, nothing),
        Row("From", MANDATORY, nothing),
        Row("CSeq", MANDATORY, nothing),
        # The codec counts the octets of the body.
        Row("Content-Length", MANDATORY, nothing),
        # The TS has this row twice.
        Row("body", CONDITIONAL, acceptance.sdp_answer),
        # TS 6.1.4 step 6 a, c and g, to which the table sends for the 200; the dialog
        # adds what steps 6 b and d to f want.
        Row("Server", MANDATORY, acceptance.server("SMS")),
        Row("identifiers", CONDITIONAL, acceptance.identifiers),
        Row("P-Asserted-Identity", CONDITIONAL, acceptance.asserted_user),
        # TS 6.2.4.
        Row(
            "Message-Context",
            CONDITIONAL,
            acceptance.message_context(rules.PAGER_MESSAGE),
        ),
        # TS 5.1 step 12.
        Row("IW-Number", CONDITIONAL, acceptance.iw_number),
    ),
)
