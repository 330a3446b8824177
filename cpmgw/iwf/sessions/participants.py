"""Who takes part in a group, as its Non-CPM user is told (TS 6.1.7).

It is the user of a subscription (`SubscriptionUser`) to the group's conference state,
which lasts as long as the session does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.addressing.originator import ASSERTED
from cpmgw.cpm import product
from cpmgw.cpm.conference_info import (
    EVENT,
    MEDIA_TYPE,
    ConferenceState,
    parse_conference_info,
)
from cpmgw.cpm.errors import ConferenceInfoError
from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions.answers import contact
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.telling import Telling
from cpmgw.sip.dialogs.subscribing import Subscription
from cpmgw.sip.dialogs.watching import Ended
from cpmgw.sip.errors import SipError
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.identifiers import Randomness
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri

if TYPE_CHECKING:
    from cpmgw.iwf.sessions.house import SessionHouse

_TAG_OCTETS: Final = 8
_CALL_OCTETS: Final = 16


class Participants:
    """The participant information of one session.

    `state` is who takes part, None while nothing is known.
    """

    log = Logger()

    __slots__ = (
        "_house",
        "_is_over",
        "_known",
        "_lacks",
        "_membership",
        "_subscription",
        "_telling",
        "state",
    )

    def __init__(self, membership: Membership, house: SessionHouse) -> None:
        self._membership = membership
        self._house = house
        self._telling = Telling(
            house.clock,
            membership.policy.session.participant_interval,
            self._tell,
        )
        self._subscription: Subscription | None = None
        self._known = ConferenceState()
        self._lacks = False
        self._is_over = False
        self.state: ConferenceState | None = None

    def start(self) -> None:
        """Subscribe to the group's state."""
        try:
            self._subscription = self._house.subscriptions.subscribe(self)
        except SipError as error:
            self.log.info("not subscribed to a group: {why}", why=str(error))

    def stop(self) -> None:
        """The session is over."""
        self._is_over = True
        self._telling.stop()
        if self._subscription is not None:
            self._subscription.unsubscribe()
            self._subscription = None

    # -- for the subscription ----------------------------------------------------------

    def subscribe(self) -> Request:
        """The SUBSCRIBE (conversation TS 7.3.10.1, with steps 1 and 2)."""
        house = self._house
        self._known, self._lacks = ConferenceState(), False  # versions begin anew
        randomness = Randomness()
        group = self._membership.invitation.peer
        own = parse_uri(house.address())
        request = originate(
            "SUBSCRIBE",
            group,
            from_=NameAddr(own).with_parameter("tag", randomness.hex(_TAG_OCTETS)),
            to=NameAddr(group),
            call_id=f"{randomness.hex(_CALL_OCTETS)}@{house.domain}",
            headers=(
                (ASSERTED, f"<{own}>"),
                ("Accept-Contact", accept_contact(Feature.SESSION)),
                ("P-Asserted-Service", icsi(Feature.SESSION, group=True)),
                ("Contact", contact(house.network.contact())),
                ("Event", EVENT),
                ("Accept", MEDIA_TYPE),
                ("User-Agent", product.user_agent(house.bearer.service)),
            ),
        )
        return house.network.begin(request, house.name)

    async def notified(self, notify: Request, refresh: bool) -> Response:
        """Take a NOTIFY: 200, and the user is told unless a refresh has brought it."""
        if not notify.body:
            return respond(notify, 200)
        if notify.content_type != MEDIA_TYPE:
            return respond(notify, 415, headers=(("Accept", MEDIA_TYPE),))
        try:
            state = self._known.updated(parse_conference_info(notify.body))
        except ConferenceInfoError as error:
            self.log.debug("NOTIFY not read: {why}", why=str(error))
            return respond(notify, 400)
        self._take(state, told_before=refresh and not self._lacks)
        return respond(notify, 200)

    def _take(self, state: ConferenceState | None, *, told_before: bool) -> None:
        """The group is so; None where a document was missed (RFC 4575 4.6)."""
        self._lacks = state is None
        if state is None:
            if self._subscription is not None:
                self._subscription.refresh()
            return
        self._known = self.state = state
        if not told_before:
            self._telling.news(state)

    def ended(self, end: Ended) -> None:
        """There will be no more of it; what is known is kept while the session is."""
        self._subscription = None
        self.log.debug(
            "subscription to a group: {how}, {status}",
            how=end.how.value,
            status=end.status,
        )

    def _tell(self, state: ConferenceState) -> Deferred[bool]:
        """Tell the user, in turn; fires with whether that was done."""
        told: Deferred[bool] = Deferred()
        self._house.background.run(self._bring(state, told), "participant information")
        return told

    async def _bring(self, state: ConferenceState, told: Deferred[bool]) -> None:
        house, is_told = self._house, False
        try:
            await house.turns.take(self._membership.place, self._say(state))
            is_told = True
        except CannotInterwork as failure:
            is_told = failure.may_have_left
            raise
        finally:
            told.callback(is_told)

    async def _say(self, state: ConferenceState) -> None:
        if not self._is_over:
            notices = self._house.bearer.notices
            await notices.participants(self._membership, state)
