"""Table 2: submit_sm_resp to the SIP answer (TS 6.2.2.1.1, 6.2.3 A).

The TS names five command_status values as examples. The others follow its pattern: a
permanent fault of the request is a 4xx that nobody need try again, an unreachable
subscriber is 480 (which lets the Participating Function defer), a busy or broken SM-SC
is 503.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Correspondence, Row, Table, constant, nothing
from cpmgw.iwf.sms import rules
from cpmgw.iwf.sms.shortmessage import AcceptedMessage
from txsmpp.status import CommandStatus as S

_ROWS: Final[Mapping[int, int]] = {
    # The rows of the TS, 202 by policy 200.
    S.ESME_ROK: 202,
    S.ESME_RINVCMDID: 400,
    S.ESME_RINVDSTADR: 404,
    S.ESME_RTHROTTLED: 503,
    S.ESME_RDELIVERYFAILURE: 480,
    # SMPP 3.4 5.1.3, by its number.
    S.ESME_RINVMSGLEN: 413,
    S.ESME_RINVCMDLEN: 500,
    S.ESME_RINVBNDSTS: 503,
    S.ESME_RALYBND: 503,
    S.ESME_RINVPRTFLG: 400,
    S.ESME_RINVREGDLVFLG: 400,
    S.ESME_RSYSERR: 503,
    S.ESME_RINVSRCADR: 403,
    S.ESME_RINVMSGID: 500,
    S.ESME_RBINDFAIL: 503,
    S.ESME_RINVPASWD: 503,
    S.ESME_RINVSYSID: 503,
    S.ESME_RCANCELFAIL: 500,
    S.ESME_RREPLACEFAIL: 500,
    S.ESME_RMSGQFUL: 503,
    S.ESME_RINVSERTYP: 400,
    S.ESME_RINVNUMDESTS: 400,
    S.ESME_RINVDLNAME: 404,
    S.ESME_RINVDESTFLAG: 400,
    S.ESME_RINVSUBREP: 400,
    S.ESME_RINVESMCLASS: 400,
    S.ESME_RCNTSUBDL: 403,
    S.ESME_RSUBMITFAIL: 480,
    S.ESME_RINVSRCTON: 403,
    S.ESME_RINVSRCNPI: 403,
    S.ESME_RINVDSTTON: 404,
    S.ESME_RINVDSTNPI: 404,
    S.ESME_RINVSYSTYP: 503,
    S.ESME_RINVREPFLAG: 400,
    S.ESME_RINVNUMMSGS: 400,
    S.ESME_RINVSCHED: 400,
    S.ESME_RINVEXPIRY: 400,
    S.ESME_RINVDFTMSGID: 400,
    S.ESME_RX_T_APPN: 480,
    S.ESME_RX_P_APPN: 403,
    S.ESME_RX_R_APPN: 403,
    S.ESME_RQUERYFAIL: 500,
    S.ESME_RINVOPTPARSTREAM: 400,
    S.ESME_ROPTPARNOTALLWD: 400,
    S.ESME_RINVPARLEN: 400,
    S.ESME_RMISSINGOPTPARAM: 400,
    S.ESME_RINVOPTPARAMVAL: 400,
    S.ESME_RUNKNOWNERR: 500,
}

TABLE_2_STATUS: Final = Correspondence(2, "6.2.2.1.1", rows=_ROWS, default=500)

TABLE_2_SIP_ANSWER: Final = Table[AcceptedMessage](
    2,
    "6.2.2.1.1",
    rows=(
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
        Row("Server", MANDATORY, rules.server),
        # TS 6.2.4.
        Row("Message-Context", MANDATORY, rules.message_context),
        Row("Message-Correlator", MANDATORY, rules.message_correlator),
    ),
)
