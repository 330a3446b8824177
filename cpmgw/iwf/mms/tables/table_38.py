"""Table 38: MMS to CPM standalone message, MM4_forward.RES (TS 6.3.1.2.1, 6.3.1.2.2).

The TS names four SIP statuses as examples. The others follow 3GPP TS 23.140 8.4.1.4:
who is not known here is an address that is not resolved, what may pass later a problem
of the network, what the client does not take content that is not accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.iwf.mapping import Correspondence, Table, response_class
from cpmgw.iwf.mms.response_rules import Answered
from cpmgw.iwf.mms.tables.response_rows import (
    HANDLED_BY,
    HEAD,
    RECIPIENTS,
    RETURN_ROUTE,
    STATUS,
)
from cpmgw.mm4.pdu import RequestStatus as S

TABLE_38_RESPONSE: Final = Table[Answered](
    38, "6.3.1.2.1", rows=(STATUS, *HEAD, RECIPIENTS, RETURN_ROUTE, HANDLED_BY)
)

_ROWS: Final[Mapping[int, S]] = {
    # The rows of the TS.
    200: S.OK,
    202: S.OK,
    401: S.SERVICE_DENIED,
    503: S.SERVICE_DENIED,
    # Not to this user, or not by us (RFC 3261 21.4.4, 21.4.8, 21.6.2).
    403: S.SERVICE_DENIED,
    407: S.SERVICE_DENIED,
    603: S.SERVICE_DENIED,
    # No such user (RFC 3261 21.4.5, 21.4.11, 21.4.14, 21.4.22, 21.6.3).
    404: S.ADDRESS_UNRESOLVED,
    410: S.ADDRESS_UNRESOLVED,
    416: S.ADDRESS_UNRESOLVED,
    484: S.ADDRESS_UNRESOLVED,
    604: S.ADDRESS_UNRESOLVED,
    # Not this content (RFC 3261 21.4.7, 21.4.11, 21.4.13, 21.4.26, 21.6.4).
    406: S.CONTENT_NOT_ACCEPTED,
    413: S.CONTENT_NOT_ACCEPTED,
    415: S.CONTENT_NOT_ACCEPTED,
    488: S.CONTENT_NOT_ACCEPTED,
    513: S.CONTENT_NOT_ACCEPTED,
    606: S.CONTENT_NOT_ACCEPTED,
    # Not now (RFC 3261 21.4.9, 21.4.18 to 21.4.21, 21.4.24, 21.6.1).
    408: S.NETWORK_PROBLEM,
    480: S.NETWORK_PROBLEM,
    482: S.NETWORK_PROBLEM,
    483: S.NETWORK_PROBLEM,
    486: S.NETWORK_PROBLEM,
    487: S.NETWORK_PROBLEM,
    491: S.NETWORK_PROBLEM,
    600: S.NETWORK_PROBLEM,
}
_FAMILIES: Final[Mapping[int, S]] = {
    2: S.OK,
    3: S.UNSPECIFIED,
    4: S.UNSPECIFIED,
    5: S.NETWORK_PROBLEM,
    6: S.SERVICE_DENIED,
}

TABLE_38_STATUS: Final = Correspondence(
    38,
    "6.3.1.2.1",
    rows=_ROWS,
    family=response_class,
    families=_FAMILIES,
    default=S.NETWORK_PROBLEM,
)

# No table of the TS, which answers before MSRP has ended (6.3.1.2.2 step 4): what MSRP
# has said of a large message (RFC 4975 10).
_MSRP_ROWS: Final[Mapping[int, S]] = {
    200: S.OK,
    400: S.UNSPECIFIED,
    403: S.SERVICE_DENIED,
    408: S.NETWORK_PROBLEM,
    413: S.CONTENT_NOT_ACCEPTED,
    415: S.CONTENT_NOT_ACCEPTED,
    423: S.UNSPECIFIED,
    481: S.NETWORK_PROBLEM,
    501: S.UNSPECIFIED,
    506: S.NETWORK_PROBLEM,
}

MSRP_STATUS: Final = Correspondence(
    0,
    "6.3.1.2.2",
    rows=_MSRP_ROWS,
    family=response_class,
    families={2: S.OK, 4: S.UNSPECIFIED, 5: S.NETWORK_PROBLEM},
    default=S.NETWORK_PROBLEM,
)
