"""Table 14: MM4_forward.RES to the SIP answer (TS 6.3.1.1.1).

The TS names six values of the status. The others follow its pattern: an address that
MMS does not resolve is 404, what is refused for its kind is 415.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table, constant, nothing
from cpmgw.iwf.mms import forward_rules as rules
from cpmgw.iwf.mms.sending import AcceptedMms
from cpmgw.mm4.pdu import RequestStatus as S

TABLE_14_STATUS: Final[Mapping[S, int]] = {
    # The rows of the TS, 202 by policy 200.
    S.OK: 202,
    S.UNSPECIFIED: 400,
    S.NETWORK_PROBLEM: 400,
    S.SERVICE_DENIED: 403,
    S.CONTENT_NOT_ACCEPTED: 415,
    S.FORMAT_CORRUPT: 415,
    # The others of 3GPP TS 23.140.
    S.ADDRESS_UNRESOLVED: 404,
    S.NOT_FOUND: 400,
    S.UNSUPPORTED_MESSAGE: 415,
}

TABLE_14_SIP_ANSWER: Final = Table[AcceptedMms](
    14,
    "6.3.1.1.1",
    rows=(
        Row("Server", MANDATORY, rules.server),
        Row("response code, reason phrase", MANDATORY, rules.code_and_reason),
        # RFC 3261 8.2.6 copies these five; message.respond does it for every answer.
        Row("Call-ID", MANDATORY, nothing),
        Row("To", MANDATORY, nothing),
        Row("Via", MANDATORY, nothing),
        Row("From", MANDATORY, nothing),
        Row("CSeq", MANDATORY, nothing),
        Row("Content-Length", MANDATORY, constant("0")),
        # TS 6.1.1, last paragraph but one.
        Row("Conversation-ID", MANDATORY, rules.stored_conversation_id),
        Row("Contribution-ID", MANDATORY, rules.stored_contribution_id),
        Row("InReplyTo-Contribution-ID", MANDATORY, rules.stored_in_reply_to),
        # TS 6.3.1.1.7.
        Row("Message-Context", MANDATORY, rules.message_context),
        Row("Message-Correlator", MANDATORY, rules.message_correlator),
    ),
)
