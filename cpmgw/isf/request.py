"""What the selection looks at of a CPM request (TS 5.1), as one value."""

from __future__ import annotations

import msgspec

from cpmgw.addressing.dialplan import AddressKind
from cpmgw.iwf.capabilities import Characteristics, Kind


class CpmRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is to be interworked.

    `originator` is the telephone address of the CPM user who sends it (an E.164 number,
    a short number or a name, as `originator_kind` says), empty for one without;
    `target` likewise of the Non-CPM user, or empty with perhaps a `target_fault` that
    says why; `target_scheme` is the scheme of the URI that names it and `mailbox` the
    same user's mail address. `nccsid` is the service that the destination address names
    (Appendix D). `terminating`: interworking occurs in the terminating network.
    """

    kind: Kind
    originator: str
    originator_kind: AddressKind = AddressKind.E164
    target: str
    target_fault: str = ""
    target_scheme: str = "tel"
    mailbox: str = ""
    nccsid: str = ""
    terminating: bool = True
    characteristics: Characteristics
