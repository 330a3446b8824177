"""Users who could not be reached by SMS and can be again (TS 6.2.3.1).

A number is watched after a delivery that failed for want of its user: a status report
that says so, or a submission that is refused so that Table 2 makes it 480. What an
SM-SC rejects, or what was deleted, says nothing of the user. The "Alert Service Centre"
of an External Short Message Entity is alert_notification (SMPP 3.4 4.12); a later
message that is delivered says the same. Then the Participating Function is sent one
<ready-for-sms>, as 6.2.3.2 has it.
"""

from __future__ import annotations

from math import inf
from typing import Final

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.cpm.identity import masked
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IHouse
from cpmgw.iwf.disposition import Outcome
from cpmgw.iwf.events import EventAddresses, ready_for_sms_request
from cpmgw.iwf.notifier import Notifier
from cpmgw.iwf.retries import TOGETHER, Retries
from cpmgw.iwf.sms.addressing import mobile_of
from cpmgw.iwf.sms.centres import Centre
from cpmgw.iwf.sms.watched import MOST, WatchList
from cpmgw.policy import PolicySource
from cpmgw.records import ImdnContext, SegmentReport, Watched
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import parse_uri
from cpmgw.traffic import Alert
from txsmpp.constants import MessageState
from txsmpp.errors import TlvError
from txsmpp.pdu import AlertNotification
from txsmpp.tlv import Tag, integer

# What comes of a message whose user is away (SMPP 3.4 5.2.28).
AWAY: Final = frozenset(
    {MessageState.EXPIRED, MessageState.UNDELIVERABLE, MessageState.UNKNOWN}
)
# The answer by Table 2 where the user is (TS 6.2.3 A).
UNREACHED: Final = 480
# ms_availability_status (SMPP 3.4 5.3.2.30); without it a user is available.
_AVAILABLE: Final = 0


class Alerts:
    """Whom the Participating Function is told of, once for each time away."""

    log = Logger()

    def __init__(self, house: IHouse, policy: PolicySource) -> None:
        config = house.config
        self._house = house
        self._policy = policy
        self._traffic = house.traffic
        self._addresses = EventAddresses(
            config.iwf_address, config.participating_function
        )
        self._notifier = Notifier(house)
        self._watched = WatchList(house.store.watched, house.now)
        self._retries: Retries[Watched] = Retries(house.now, self._tell, MOST)
        self._telling: set[Deferred[bool]] = set()

    async def start(self) -> None:
        """Take up what an earlier process was waiting for, or had not told."""
        for news in await self._watched.load():
            self._tell_later(news)

    async def stop(self) -> None:
        """Let what is being told come to its end."""
        await gatherResults(list(self._telling))

    async def retry(self, now: float) -> None:
        """Tell what could not be told before, as far as it is time."""
        await self._retries.look(now)

    def refused(self, target: PhoneAddress, failure: CannotInterwork) -> None:
        """An SM-SC did not take what was for an address."""
        if failure.status == UNREACHED:
            self._watch(target, str(self._house.dial_plan.uri_of(target)))

    async def reported(
        self, context: ImdnContext, outcome: Outcome, deciding: SegmentReport
    ) -> None:
        """A message has come to its end; fires when what follows is on disk."""
        if outcome is Outcome.FAILED:
            address = self._address(context.recipient)
            if deciding.state in AWAY and address is not None:
                await self._watch(address, context.recipient)
        elif outcome is Outcome.DELIVERED and len(self._watched):
            address = self._address(context.recipient)
            if address is not None:
                self._reached(address)

    def alert(self, centre: Centre, pdu: AlertNotification) -> None:
        """An SM-SC says that a user is there; that has no answer."""
        found = self._heard(centre, pdu)
        self._traffic.alert(centre.name, found)
        self.log.debug(
            "{centre}: alert_notification for {number}: {found}",
            centre=centre.name,
            number=masked(pdu.source_addr),
            found=found.value,
        )

    def _heard(self, centre: Centre, pdu: AlertNotification) -> Alert:
        address = mobile_of(centre, pdu, self._house.dial_plan)
        if address is None:
            return Alert.NO_ADDRESS
        if not _is_available(pdu):
            return Alert.UNAVAILABLE
        return Alert.AWAITED if self._reached(address) else Alert.UNEXPECTED

    def _watch(self, address: PhoneAddress, user: str) -> Deferred[None]:
        policy = self._policy()
        if not policy.sms.ready_for_sms:
            return succeed(None)
        self._retries.remove(address.text)
        return self._watched.watch(address.text, user, policy.sms.watch)

    def _reached(self, address: PhoneAddress) -> bool:
        """Tell that a user can be reached; False if nobody waits to be told."""
        if not self._policy().sms.ready_for_sms:
            return False
        news = self._watched.reached(address.text)
        if news is None:
            return False
        if len(self._telling) < TOGETHER:
            self._begin(news)
        else:
            self._tell_later(news)
        return True

    def _begin(self, news: Watched) -> None:
        telling = Deferred.fromCoroutine(self._tell(news))
        self._telling.add(telling)
        telling.addErrback(self._not_told, news)
        telling.addBoth(self._told, telling)

    def _told(self, result: bool, telling: Deferred[bool]) -> bool:
        self._telling.discard(telling)
        return result

    def _not_told(self, failure: Failure, news: Watched) -> bool:
        self.log.failure("event not sent", failure)
        self._tell_later(news)
        return False

    def _tell_later(self, news: Watched) -> None:
        if self._watched.is_news(news):
            until = inf if news.until is None else news.until
            self._retries.add(news.number, news, until)

    async def _tell(self, news: Watched) -> bool:
        """Send the event; whether there is nothing more to tell of this."""
        if not self._watched.is_news(news):
            return True
        if not self._policy().sms.ready_for_sms:  # not any more
            await self._watched.forget(news)
            return True
        identity = self._notifier.identity()
        request = ready_for_sms_request(
            news.user, self._addresses, call_id=identity.call_id, tag=identity.tag
        )
        if not await self._notifier.reaches(request, "ready-for-sms"):
            self._tell_later(news)
            return False
        await self._watched.forget(news)
        return True

    def _address(self, uri: str) -> PhoneAddress | None:
        """Whose number a URI of a message that was sent has."""
        try:
            return self._house.dial_plan.target_of(parse_uri(uri))
        except SipSyntaxError:
            return None


def _is_available(pdu: AlertNotification) -> bool:
    """Whether the user can be sent to (ms_availability_status)."""
    try:
        status = integer(pdu.tlvs, Tag.MS_AVAILABILITY_STATUS)
    except TlvError:
        return False
    return status in (None, _AVAILABLE)
