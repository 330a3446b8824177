"""The answer to an invitation, out of Table 5 (TS 6.2.2.1.3, 6.1.4 steps 6 and 8d)."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.addressing.originator import ASSERTED
from cpmgw.iwf.sms.sessionmessage import InvitationAnswer
from cpmgw.iwf.sms.tables.table_05 import TABLE_5_SIP_RESPONSE

# Rows that go to header fields under their own name.
_HEADERS: Final = ("Server", "Message-Context", "IW-Number")


class SessionAnswer(msgspec.Struct, frozen=True):
    """A final answer to an INVITE; `headers` are those that the dialog does not add."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def session_answer(source: InvitationAnswer) -> SessionAnswer:
    """The answer of Table 5: 200 with the SDP answer, or a refusal without a body."""
    values = TABLE_5_SIP_RESPONSE.apply(source)
    headers = [
        *((name, values[name]) for name in _HEADERS if name in values),
        *values.get("identifiers", ()),
        *((ASSERTED, str(each)) for each in values.get(ASSERTED, ())),
    ]
    return SessionAnswer(
        values["response code"],
        values["reason phrase"],
        tuple(headers),
        values.get("body", b""),
    )
