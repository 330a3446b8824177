"""What comes by MSRP in a session, on its way to the Non-CPM user (TS 6.1.5.1).

Messages go one after another, those of all sessions at the same place: the next is
handed over when the service has answered the one before, so that the user sees them in
the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.logger import Logger

from cpmgw.cpm.chat_content import ChatContent, Content
from cpmgw.cpm.errors import CpmError
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions.bearer import Delivery, Membership
from cpmgw.iwf.sessions.spoken import Spoken
from cpmgw.msrp.interfaces import Received

if TYPE_CHECKING:
    from cpmgw.cpm.conference_info import ConferenceState
    from cpmgw.iwf.memory import Held
    from cpmgw.iwf.sessions.house import SessionHouse

OK: Final = 200
BAD_REQUEST: Final = 400
# What is too large, or was not taken (TS 6.2.3 B, 6.3 1d; RFC 4975 10.4: the sender
# stops).
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
    Delivery.TOO_LARGE: STOP,
    Delivery.BUSY: UNKNOWN,
    Delivery.UNSURE: UNKNOWN,
    Delivery.FAILED: STOP,
    Delivery.DROPPED: STOP,
}
# What counts as one message more of the session.
_DELIVERED: Final = frozenset((Delivery.TAKEN, Delivery.UNSURE))
# A CPIM wrapper is no larger than this.
_WRAPPER: Final = 65_536
# Seconds that a large message waits for room in memory. Its sender waits no more than
# 30 for an answer (RFC 4975 7.1): what is sent after that may come twice.
PATIENCE: Final = 20.0

State = Callable[[], "ConferenceState | None"]
"""Who takes part, as far as that is known."""


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

    async def take(self, received: Received, state: State) -> Taken:
        """Hand a message over; what answers its last chunk (steps 2 to 4).

        After a failure nothing more is handed over: the session ends. While it waits it
        is where MSRP has put it; what is no message does not wait, if it is small.
        """
        try:
            if self._is_too_large(received):
                return Taken(STOP)
            if received.body.path is None:
                ending = self._ending(received)
                if ending is not None:
                    return await self._end(ending)
                self._spoken()
            return await self._in_turn(self._take_in_turn(received, state))
        except CpmError as error:
            return self._unread(error)
        finally:
            received.body.close()

    def _ending(self, received: Received) -> ChatContent | None:
        """What has come, where it is no message; CpmError for what cannot be read."""
        content = self._read(received)
        return content if content.kind in _ENDS else None

    async def _take_in_turn(self, received: Received, state: State) -> Taken:
        """Hand over what may be in memory now."""
        house = self._house
        room = house.memory.take(received.body.size)
        try:
            held = await room.addTimeout(PATIENCE, house.clock)
        except TimeoutError:
            return Taken(UNKNOWN)
        try:
            return await self._hand_over(received, state, held)
        finally:
            held.let_go()

    async def _hand_over(self, received: Received, state: State, held: Held) -> Taken:
        spoken = Spoken(
            self._read(received),
            held,
            lambda: self._is_over,
            place=self._count + 1,
            state=state(),
        )
        is_large = received.body.path is not None
        received.body.close()
        if is_large:  # not looked at before
            if spoken.content.kind in _ENDS:
                return await self._end(spoken.content)
            self._spoken()
        taken = await self._deliver(spoken)
        self._house.traffic.chats["outbound", taken.status] += 1
        return taken

    def _unread(self, error: CpmError) -> Taken:
        self.log.debug("message not read: {error}", error=str(error))
        is_bad = error.status == BAD_REQUEST
        return Taken(BAD_REQUEST if is_bad else self._house.bearer.unfit)

    async def _end(self, content: ChatContent) -> Taken:
        """What is no message: a notification is for the service, if it waits for it."""
        if content.kind is not Content.NOTIFICATION:
            return Taken(OK)
        house = self._house
        try:
            if not await house.bearer.notified(self._membership, content):
                house.traffic.end_notification()
        except CannotInterwork as refusal:
            self.log.debug("notification not taken: {why}", why=refusal.warning)
            return Taken(UNKNOWN)
        return Taken(OK)

    async def _in_turn(self, work: Coroutine[Deferred[Any], Any, Taken]) -> Taken:
        try:
            return await self._house.turns.take(self._membership.place, work)
        except CancelledError:  # the gateway stops
            return Taken(STOP)

    def close(self) -> None:
        """The session is over: nobody is told of what is said."""
        self._spoken = _unheard

    def drop(self) -> None:
        """Hand nothing more over, be it here already."""
        self._is_over = True

    def _is_too_large(self, received: Received) -> bool:
        """Whether it is larger than anything that can be delivered."""
        limit = self._house.bearer.max_size(self._membership.policy)
        return received.body.size > limit + _WRAPPER

    def _read(self, received: Received) -> ChatContent:
        octets = received.body.read()
        policy = self._membership.policy
        return self._house.bearer.read(received.content_type, octets, policy)

    async def _deliver(self, spoken: Spoken) -> Taken:
        if self._is_over:
            return Taken(STOP)
        bearer = self._house.bearer
        delivery = await bearer.deliver(self._membership, spoken)
        has_failed = delivery is Delivery.FAILED
        self._is_over |= has_failed
        self._count += delivery in _DELIVERED
        return Taken(_STATUSES.get(delivery) or bearer.unfit, has_failed)


def _unheard() -> None:
    """What is said in a session that is over."""
