"""What an SMS user says to the IWF: yes, no, leave (TS 6.2.2.1.3 step 3, 6.2.2.2.4)."""

from __future__ import annotations

from cpmgw.iwf.sessions.keywords import Said, said
from cpmgw.policy import Policy
from cpmgw.policy.texts import SessionTexts
from txsmpp.constants import EsmClass
from txsmpp.errors import TlvError
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.tlv import Tag, integer


def answer_of(
    pdu: DeliverSm | DataSm, text: str, texts: SessionTexts, policy: Policy
) -> Said:
    """What a received message says to an invitation (Table 5), by policy.

    A user_response_code counts where that is what was asked for; a text is understood
    beside it, because not every handset has a way to send a code. `texts` are those of
    the user's language.
    """
    if policy.sms.user_answer == "response_code":
        code = response_code(pdu)
        if code is not None:
            accepted = code == policy.sms.accept_code
            return Said.ACCEPT if accepted else Said.REJECT
    return said(text, texts, policy.session)


def response_code(pdu: DeliverSm | DataSm) -> int | None:
    """The user_response_code (SMPP 3.4 5.3.2.18), None where there is none.

    It comes in a user acknowledgement, or in a message that is not marked as one; a
    status report says nothing of what the user wants.
    """
    kind = pdu.esm_class & EsmClass.TYPE_MASK
    if kind not in (EsmClass.DEFAULT_MODE, EsmClass.MANUAL_ACKNOWLEDGEMENT):
        return None
    try:
        return integer(pdu.tlvs, Tag.USER_RESPONSE_CODE)
    except TlvError:
        return None


def is_acknowledgement(pdu: DeliverSm | DataSm) -> bool:
    """Whether it is an SME manual/user acknowledgement (SMPP 3.4 5.2.12)."""
    return pdu.esm_class & EsmClass.TYPE_MASK == EsmClass.MANUAL_ACKNOWLEDGEMENT
