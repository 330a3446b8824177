"""Whether another IWF is tried after an error (TS 5.1 step 11, NOTE 4)."""

from __future__ import annotations

from typing import Final

from cpmgw.isf.findings import SECTION, Refusal, Selection
from cpmgw.iwf.capabilities import Kind
from cpmgw.policy import SelectionPolicy

# What the sender is to mend, and then to send again: credentials, what is required, and
# the session interval (RFC 3261 21.4.2, 21.4.8, 21.4.15, RFC 4028 7.3).
_FOR_THE_SENDER: Final = (401, 407, 420, 422)
# 11 d, where IWFs were tried.
NONE_LEFT: Final = Refusal(
    status=488,
    cause="no-service-left",
    section=f"{SECTION} step 11 d",
    warning="every service that could interwork it has been tried",
)


def reselects(kind: Kind, first: Selection, policy: SelectionPolicy) -> bool:
    """Whether policy has another IWF tried at all (11 a).

    Not for disposition notifications (NOTE 4), and by "alternatives" only where the
    `first` selection had more than one to choose from.
    """
    if kind is Kind.NOTIFICATION or policy.reselection == "never":
        return False
    return policy.reselection == "always" or len(first.candidates) > 1


def ends(status: int, policy: SelectionPolicy) -> bool:
    """Whether this answer of an IWF goes back as it is (11 a).

    A redirection, and what asks for the same request in another form, are for the
    sender, and no errors.
    """
    if status < 400 or status in _FOR_THE_SENDER:
        return True
    return status in policy.no_reselection
