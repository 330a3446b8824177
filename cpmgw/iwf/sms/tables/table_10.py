"""Table 10: the SIP answer to deliver_sm_resp (TS 6.2.2.2.1).

The TS names four codes as examples. The others follow: what may pass later is
RX_T_APPN, which makes the SM-SC try again; what never will is RX_P_APPN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.iwf.mapping import Correspondence, response_class
from txsmpp.status import CommandStatus as S

_ROWS: Final[Mapping[int, int]] = {
    # The rows of the TS.
    202: S.ESME_ROK,
    404: S.ESME_RINVDSTADR,
    503: S.ESME_RX_T_APPN,
    403: S.ESME_RX_P_APPN,
    # No such user, said otherwise (RFC 3261 21.4.5, 21.4.11, 21.6.3).
    410: S.ESME_RINVDSTADR,
    416: S.ESME_RINVDSTADR,
    484: S.ESME_RINVDSTADR,
    604: S.ESME_RINVDSTADR,
    # Not now, or not along this way (RFC 3261 21.4.9, 21.4.18 to 21.4.21, 21.6.1).
    408: S.ESME_RX_T_APPN,
    423: S.ESME_RX_T_APPN,
    480: S.ESME_RX_T_APPN,
    482: S.ESME_RX_T_APPN,
    483: S.ESME_RX_T_APPN,
    486: S.ESME_RX_T_APPN,
    487: S.ESME_RX_T_APPN,
    491: S.ESME_RX_T_APPN,
    # Credentials that are wrong today may be right tomorrow: an operator's fault.
    401: S.ESME_RX_T_APPN,
    407: S.ESME_RX_T_APPN,
    # A server that will not do it tomorrow either.
    501: S.ESME_RX_P_APPN,
    505: S.ESME_RX_P_APPN,
    513: S.ESME_RX_P_APPN,
    600: S.ESME_RX_T_APPN,
}

_FAMILIES: Final[Mapping[int, int]] = {
    2: S.ESME_ROK,
    3: S.ESME_RX_P_APPN,
    4: S.ESME_RX_P_APPN,
    5: S.ESME_RX_T_APPN,
    6: S.ESME_RX_P_APPN,
}

TABLE_10_COMMAND_STATUS: Final = Correspondence(
    10,
    "6.2.2.2.1",
    rows=_ROWS,
    family=response_class,
    families=_FAMILIES,
    default=S.ESME_RX_T_APPN,
)
# The row "sequence_number" is the received one: the SMPP session copies it itself.
