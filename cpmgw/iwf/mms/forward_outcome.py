"""What is answered to a message that no MMS relay took (Table 14, RFC 5321)."""

from __future__ import annotations

from typing import Final

from cpmgw.bodies.errors import NoRoom
from cpmgw.cpm.warning import SIZE_EXCEEDED
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.tables.smtp_status import SMTP_STATUS_OF_MAIL, SMTP_STATUS_OF_RCPT
from cpmgw.iwf.mms.tables.table_14 import TABLE_14_STATUS
from cpmgw.iwf.outcomes import MAY_HAVE_LEFT, retry_after
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.pdu import RequestStatus, Result
from cpmgw.policy import Policy
from cpmgw.sip.status import reason_for
from cpmgw.smtp.errors import (
    CannotCarry,
    NotSent,
    Refused,
    SmtpError,
    SmtpSyntaxError,
    TooLarge,
)

SECTION: Final = "TS 6.3.1.1.1 step 5"
# In the Reason of a BYE after a failure (TS 6.2.3 B has it for SMS).
BYE_TEXT: Final = "Bearer unavailable"
# What another try does not deliver: the content is what MMS does not take.
_OF_CONTENT: Final = frozenset(
    (
        RequestStatus.CONTENT_NOT_ACCEPTED,
        RequestStatus.FORMAT_CORRUPT,
        RequestStatus.UNSUPPORTED_MESSAGE,
    )
)


class RefusedByRelay(CannotInterwork):
    """MM4_forward.RES said no: `request_status` is what it said (Table 14)."""

    request_status: RequestStatus = RequestStatus.UNSPECIFIED


def refused_by(result: Result) -> RefusedByRelay:
    """The answer to a bad MM4_forward.RES (Table 14)."""
    status = TABLE_14_STATUS[result.status]
    refusal = RefusedByRelay(
        status,
        reason_for(status),
        cause="content" if result.status in _OF_CONTENT else "mmsc-refused",
        section=f"{SECTION} Table 14",
        warning=f"the MMS relay answered {result.status.value}",
    )
    refusal.request_status = result.status
    return refusal


def no_answer(policy: Policy) -> CannotInterwork:
    """The answer where MM4_forward.RES did not come: nobody knows."""
    return _refusal(MAY_HAVE_LEFT, "mmsc-silent", "no MM4_forward.RES in time", policy)


def not_taken(error: SmtpError, policy: Policy) -> CannotInterwork:
    """The answer where SMTP did not have the mail taken."""
    told = f"the MMS relay did not take it: {error}"
    if isinstance(error, NotSent):
        return _refusal(503, "mmsc-unreachable", told, policy)
    if isinstance(error, TooLarge):
        return too_large(told)
    if isinstance(error, CannotCarry | SmtpSyntaxError):
        return _refusal(500, "mmsc-refused", told, policy)
    if not isinstance(error, Refused):  # Unanswered, or nobody knows what
        return _refusal(MAY_HAVE_LEFT, "mmsc-silent", told, policy)
    code = error.reply.code
    of_recipient = error.stage.upper() == "RCPT"
    table = SMTP_STATUS_OF_RCPT if of_recipient else SMTP_STATUS_OF_MAIL
    status = table.of(code)
    if status == 488:
        return too_large(told)
    return _refusal(status, "mmsc-refused", told, policy)


def not_in_time(policy: Policy) -> CannotInterwork:
    """The answer where the mail was not made in time; nothing has left."""
    return _refusal(503, "busy", "the mail could not be made in time", policy)


def stopping(policy: Policy) -> CannotInterwork:
    """The answer while the gateway stops."""
    return _refusal(503, "stopping", "the gateway is stopping", policy)


def too_large(told: str) -> CannotInterwork:
    """488 for what is larger than MM4 takes (TS 6.3 1b)."""
    return CannotInterwork(
        488,
        reason_for(488),
        cause="too-large",
        section="TS 6.3 1b",
        warning=told,
        warning_code=SIZE_EXCEEDED,
    )


def no_room(error: NoRoom, policy: Policy) -> CannotInterwork:
    """The answer where too much waits to go out."""
    return _refusal(503, "no-room", f"the mail cannot be kept: {error}", policy)


def not_written(error: Mm4Error) -> CannotInterwork:
    """The answer to what MM4 has no form for."""
    return CannotInterwork(
        500,
        reason_for(500),
        cause="unwritable",
        section="TS 6.3.1.1.1 step 3",
        warning=f"no mail can be made of it: {error}",
    )


def _refusal(status: int, cause: str, warning: str, policy: Policy) -> CannotInterwork:
    return CannotInterwork(
        status,
        reason_for(status),
        cause=cause,
        section=SECTION,
        warning=warning,
        headers=retry_after(status, policy),
        may_have_left=status == MAY_HAVE_LEFT,
    )
