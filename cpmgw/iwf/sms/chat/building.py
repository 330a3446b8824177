"""The short messages of a session, by the table of what each is (TS 6.2.2.1.3)."""

from __future__ import annotations

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.config import SmscConfig
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sms.sessionmessage import SessionSegment, SessionText
from cpmgw.iwf.sms.submission import session_sm
from cpmgw.iwf.sms.submissions import Build, Submission
from txsmpp.text.segment import Segment


def building(
    membership: Membership,
    what: SessionText,
    plan: DialPlan,
    *,
    asks: bool = False,
    requested: frozenset[Disposition] = frozenset(),
) -> Build:
    """What makes each short message of a text."""
    ends = Ends(membership.address, membership.invitation.user)
    policy = membership.policy

    def build(segment: Segment, centre: SmscConfig) -> Submission:
        return session_sm(
            SessionSegment(
                what=what,
                segment=segment,
                ends=ends,
                plan=plan,
                centre=centre,
                policy=policy,
                requested=requested,
                asks=asks,
                is_group=membership.invitation.is_group,
            )
        )

    return build
