"""Disposition notifications from CPM, for which SMS has no form (TS 6.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.cpm import product
from cpmgw.cpm.errors import ImdnError
from cpmgw.cpm.imdn import parse_imdn
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.sip.status import reason_for

SERVICE: Final = "SMS"


def take_notification(message: StandaloneMessage, policy: Policy) -> Answer:
    """The answer to a notification, which ends here; CannotInterwork 400 if it is none.

    The answer has no key: a repeat may as well end here again.
    """
    try:
        parse_imdn(message.content)
    except ImdnError as error:
        raise CannotInterwork(
            error.status,
            error.reason,
            cause="notification",
            section="RFC 5438 7.2",
            warning=str(error),
        ) from error
    status = policy.pager_success_status
    return Answer(
        key=b"",
        status=status,
        reason=reason_for(status),
        headers=(*message.identification.pairs(), ("Server", product.server(SERVICE))),
    )
