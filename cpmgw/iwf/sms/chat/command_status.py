"""The answer of MSRP to deliver_sm_resp (TS 6.2.2.2.2; RCC.10 6.2.2.2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.iwf.mapping import Correspondence, response_class
from txsmpp.status import CommandStatus as S

# RFC 4975 10. The TS has no table for it: what another try may deliver is RX_T_APPN,
# which makes the SM-SC try again, in the session or, once that has ended, without it.
_ROWS: Final[Mapping[int, int]] = {
    200: S.ESME_ROK,
    400: S.ESME_RX_P_APPN,
    403: S.ESME_RX_P_APPN,
    408: S.ESME_RX_T_APPN,
    413: S.ESME_RX_P_APPN,
    415: S.ESME_RX_P_APPN,
    423: S.ESME_RX_P_APPN,
    481: S.ESME_RX_T_APPN,
    501: S.ESME_RX_P_APPN,
    506: S.ESME_RX_T_APPN,
}
_FAMILIES: Final[Mapping[int, int]] = {
    2: S.ESME_ROK,
    4: S.ESME_RX_P_APPN,
    5: S.ESME_RX_T_APPN,
}

MSRP_COMMAND_STATUS: Final = Correspondence(
    0,
    "6.2.2.2.2",
    rows=_ROWS,
    family=response_class,
    families=_FAMILIES,
    default=S.ESME_RX_T_APPN,
)
