"""What comes by MSRP in a session, on its way to the Non-CPM user (TS 6.1.5.1).

Messages go one after another, those of all sessions at the same place: the next is
handed over when the service has answered the one before, so that the user sees them in
the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from cpmgw.cpm.chat_content import ChatContent, Content, read_chat
from cpmgw.cpm.errors import CpmError
from cpmgw.iwf.sessions.bearer import Delivery, Membership
from cpmgw.msrp.interfaces import Received

if TYPE_CHECKING:
    from cpmgw.cpm.conference_info import ConferenceState
    from cpmgw.iwf.sessions.house import SessionHouse

OK: Final = 200
BAD_REQUEST: Final = 400
# What cannot be interworked, or was not taken (TS 6.2.2.1.5 step 2a, 6.2.3 B; RFC 4975
# 10.4: the sender stops).
STOP: Final = 413
# What may have been taken: one that has it not is not to be sent again by itself
# (RFC 4975 10.3).
UNKNOWN: Final = 408
# What ends here: no Non-CPM service shows it, and its sender has nothing to mend.
_ENDS: Final = frozenset(
    (Content.NOTIFICATION, Content.COMPOSING, Content.GROUP_DATA, Content.EVENT)
)
_STATUSES: Final[Mapping[Delivery, int]] = {
    Delivery.TAKEN: OK,
    Delivery.UNFIT: STOP,
    Delivery.UNSURE: UNKNOWN,
    Delivery.FAILED: STOP,
}
# A CPIM wrapper is no larger than this.
_WRAPPER: Final = 65_536


class Taken(NamedTuple):
    """The status that answers a message, and whether the service failed it."""

    status: int
    has_failed: bool = False


class Reception:
    """Takes the messages of one session; `spoken` is told of each that is one."""

    log = Logger()

    __slots__ = ("_count", "_house", "_is_over", "_membership", "_spoken")

    def __init__(
        self,
        membership: Membership,
        house: SessionHouse,
        spoken: Callable[[], None],
    ) -> None:
        self._spoken = spoken
        self._membership = membership
        self._house = house
        self._count = 0
        self._is_over = False

    async def take(self, received: Received, state: ConferenceState | None) -> Taken:
        """Hand a message over; what answers its last chunk (steps 2 to 4).

        `state` is who takes part, as far as that is known. After a failure nothing
        more is handed over: the session ends.
        """
        try:
            content = self._read(received)
        except CpmError as error:
            self.log.debug("message not read: {error}", error=str(error))
            return Taken(BAD_REQUEST if error.status == BAD_REQUEST else STOP)
        finally:
            received.body.close()
        if content is None:
            return Taken(STOP)
        if content.kind in _ENDS:
            if content.kind is Content.NOTIFICATION:
                self._house.traffic.end_notification()
            return Taken(OK)
        self._spoken()
        taken = await self._in_turn(content, state)
        self._house.traffic.chats["outbound", taken.status] += 1
        return taken

    async def _in_turn(
        self, content: ChatContent, state: ConferenceState | None
    ) -> Taken:
        try:
            return await self._house.turns.take(
                self._membership.place, self._deliver(content, state)
            )
        except CancelledError:  # the gateway stops
            return Taken(STOP)

    def close(self) -> None:
        """The session is over: nobody is told of what is said."""
        self._spoken = _unheard

    def drop(self) -> None:
        """Hand nothing more over, be it here already."""
        self._is_over = True

    def _read(self, received: Received) -> ChatContent | None:
        """The content, None of one that is larger than any text."""
        limits = self._membership.policy.text_limits
        if received.body.size > limits.max_size + _WRAPPER:
            return None
        return read_chat(received.content_type, received.body.read(), limits)

    async def _deliver(
        self, content: ChatContent, state: ConferenceState | None
    ) -> Taken:
        if self._is_over:
            return Taken(STOP)
        self._count += 1
        delivery = await self._house.bearer.deliver(
            self._membership, content, place=self._count, state=state
        )
        has_failed = delivery is Delivery.FAILED
        self._is_over |= has_failed
        if delivery in (Delivery.UNFIT, Delivery.FAILED):
            self._count -= 1
        return Taken(_STATUSES[delivery], has_failed)


def _unheard() -> None:
    """What is said in a session that is over."""
