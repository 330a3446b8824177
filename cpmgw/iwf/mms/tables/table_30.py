"""Table 30: MMS to CPM chat message, the MSRP SEND (TS 6.3.1.1.6.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.iwf.mapping import (
    CONDITIONAL,
    MANDATORY,
    OPTIONAL,
    Row,
    Table,
    constant,
    nothing,
)
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import ChatMms

TABLE_30_SEND: Final = Table[ChatMms](
    30,
    "6.3.1.1.6.3",
    rows=(
        # The MSRP session writes these four.
        Row("To-Path", MANDATORY, nothing),
        Row("From-Path", MANDATORY, nothing),
        Row("Message-ID", MANDATORY, nothing),
        Row("Byte-Range", MANDATORY, nothing),
        # Step 1a.
        Row("Content-Type", MANDATORY, constant(CPIM_TYPE)),
        Row("Success-Report, Failure-Report", CONDITIONAL, rules.reports),
        Row("datetime", OPTIONAL, rules.datetime),
        Row("sender", OPTIONAL, rules.cpim_from),
        Row("content_type, transfer_encoding, content", MANDATORY, rules.body),
        # No rows of the TS: the wrapper wants a To, and an identifier by which an IMDN
        # of this message is known (conversation TS 7.3.9.1).
        Row("to", MANDATORY, rules.cpim_to),
        Row("message_id", OPTIONAL, rules.imdn_message_id),
        Row("dispositions", OPTIONAL, rules.dispositions),
    ),
)
