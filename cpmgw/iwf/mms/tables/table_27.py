"""Table 27: the MMS user's answer to the SIP response to an INVITE (TS 6.3.1.1.6.1).

Its caption in the TS names MM4_forward.REQ, by mistake.
"""

from __future__ import annotations

from typing import Final

from cpmgw.cpm.headers import MULTIMEDIA_MESSAGE
from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, Row, Table, nothing
from cpmgw.iwf.mms.capabilities import NAME
from cpmgw.iwf.sessions import acceptance
from cpmgw.iwf.sessions.acceptance import InvitationAnswer

TABLE_27_SIP_RESPONSE: Final = Table[InvitationAnswer](
    27,
    "6.3.1.1.6.1",
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
        Row("body", CONDITIONAL, acceptance.sdp_answer),
        # TS 6.1.4 step 6 a, c and g; the dialog adds what steps 6 b and d to f want.
        Row("Server", MANDATORY, acceptance.server(NAME)),
        Row("identifiers", CONDITIONAL, acceptance.identifiers),
        Row("P-Asserted-Identity", CONDITIONAL, acceptance.asserted_user),
        # TS 6.3.1.1.7; IW-Number by TS 5.1 step 12.
        Row(
            "Message-Context",
            CONDITIONAL,
            acceptance.message_context(MULTIMEDIA_MESSAGE),
        ),
        Row("IW-Number", CONDITIONAL, acceptance.iw_number),
    ),
)
