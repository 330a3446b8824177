"""Disposition notifications from CPM, for which SMS has no form (TS 6.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.cpm import product
from cpmgw.iwf.outcomes import notification_in
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.sip.status import reason_for

SERVICE: Final = "SMS"


def take_notification(message: StandaloneMessage, policy: Policy) -> Answer:
    """The answer to a notification, which ends here; CannotInterwork 400 if it is none.

    The answer has no key: a repeat may as well end here again.
    """
    notification_in(message.content)
    status = policy.pager_success_status
    return Answer(
        key=b"",
        status=status,
        reason=reason_for(status),
        headers=(*message.identification.pairs(), ("Server", product.server(SERVICE))),
    )
