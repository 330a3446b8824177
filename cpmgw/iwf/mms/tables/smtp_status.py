"""SMTP replies to the SIP answer, beside Table 14 (TS 6.3.1.1.1 step 5).

Where a relay does not take the mail there is no MM4_forward.RES, and the TS says
nothing. What may be done another time (4yz) is 503; an address that the relay does not
know is 404; what is too large is 488 (TS 6.3 1b); any other no is 403.
"""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Correspondence, response_class

_SECTION: Final = "6.3.1.1.1"
_FAMILIES: Final = {4: 503, 5: 403}

# RFC 5321 4.2.3: mailbox unavailable, not local, name not allowed; storage exceeded.
SMTP_STATUS_OF_RCPT: Final = Correspondence(
    14,
    _SECTION,
    rows={550: 404, 551: 404, 553: 404, 552: 488},
    family=response_class,
    families=_FAMILIES,
    default=503,
)

# The same codes say something else of a sender, a connection, or the mail itself.
SMTP_STATUS_OF_MAIL: Final = Correspondence(
    14,
    _SECTION,
    rows={552: 488},
    family=response_class,
    families=_FAMILIES,
    default=503,
)
