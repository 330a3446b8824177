"""Table 40: MMS to large message mode CPM standalone message, MM4 (TS 6.3.1.2.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Row, Table, nothing
from cpmgw.iwf.mms import pager_rules as rules
from cpmgw.iwf.mms.multimedia import MmsRequest

TABLE_40_SIP_INVITE: Final = Table[MmsRequest](
    40,
    "6.3.1.2.2",
    rows=(
        Row("User-Agent", MANDATORY, rules.user_agent),
        # Beside the offer, by `wrapping.with_history`: `InboundMms.history`.
        Row("recipient-list-history", OPTIONAL, nothing),
        # Other than in Table 36 an address that hides is not asserted either.
        Row("P-Asserted-Identity, From", MANDATORY, rules.revealed_identities),
        Row("Date", OPTIONAL, rules.date),
        Row("Message-Expires", CONDITIONAL, rules.message_expires),
        Row("Privacy", CONDITIONAL, rules.privacy),
        Row("Subject", OPTIONAL, rules.subject),
        Row("Max-Forwards", MANDATORY, rules.max_forwards),
        Row("Accept-Contact", MANDATORY, rules.large_accept_contact),
        # No row of the TS; RFC 3261 8.1.1.8 and conversation TS App. H want it.
        Row("Contact", MANDATORY, rules.contact),
        # RFC 3261 8.1.1: the network side adds the Via, message.originate the CSeq.
        Row("Via", MANDATORY, nothing),
        Row("CSeq", MANDATORY, nothing),
        Row("Call-ID", MANDATORY, rules.call_id),
    ),
)
