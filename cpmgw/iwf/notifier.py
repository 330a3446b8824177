"""How the CPM side is told of what has become of messages.

TS 6.2.3, 6.2.4, 6.3.1.1.3, 6.3.1.1.4.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.interfaces import IHouse
from cpmgw.iwf.second_tries import may_pass_later
from cpmgw.sip.errors import SipError
from cpmgw.sip.identifiers import Randomness
from cpmgw.sip.message import Request

_ATTEMPT_OCTETS: Final = 16


class Identity(NamedTuple):
    """What makes one request outside of a dialog another than all others."""

    call_id: str
    tag: str


class Notifier:
    """Sends notifications and events in SIP MESSAGE requests, and counts them."""

    log = Logger()

    def __init__(self, house: IHouse) -> None:
        self._network = house.network
        self._traffic = house.traffic
        self._domain = house.config.gateway.domain
        self._randomness = Randomness()

    def identity(self) -> Identity:
        """A new identity for each attempt."""
        attempt = self._randomness.hex(_ATTEMPT_OCTETS)
        return Identity(f"{attempt}@{self._domain}", attempt[:16])

    async def reaches(self, request: Request, kind: str) -> bool:
        """Send; whether it arrived, or never will and so need not be tried again."""
        try:
            response = await self._network.request(request)
        except SipError as error:
            self.log.debug("CPM side not reached: {error}", error=str(error))
            self._traffic.notify(kind, None)
            return False
        self._traffic.notify(kind, response.status)
        if response.status >= 300:
            self.log.debug(
                "notification {call_id} answered {status}",
                call_id=request.call_id,
                status=response.status,
            )
        return not may_pass_later(response.status)


class SessionNotifier(Protocol):
    """The sessions of chat messages, as the IMDNs of those go back by them."""

    def notify(self, session: str, body: bytes) -> Deferred[bool] | None:
        """Send a message/cpim by MSRP in the session of this key.

        Fires, and never fails, with whether the other side has taken it; it takes no
        longer than a request of MSRP may. None where the session has ended.
        """


class NoSessions:
    """Where there are none, as without MSRP."""

    def notify(self, session: str, body: bytes) -> Deferred[bool] | None:
        """It has ended, if ever there was one."""
        return None
