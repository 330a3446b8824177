"""What all calls of one user agent share (RFC 3261 12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.dialogs.dialog import DialogId
from cpmgw.sip.dialogs.interfaces import CallSettings, Sender
from cpmgw.sip.dialogs.wakes import Wakes
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request, Response, respond

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.incoming import IncomingCall
    from cpmgw.sip.dialogs.outgoing import OutgoingCall

# What is served in a call.
ALLOW: Final = ("Allow", "ACK, BYE, CANCEL, INVITE, OPTIONS, UPDATE")
# A Retry-After of 0 to 10 seconds, and how long to wait after a 491: who owns the
# Call-ID, and who does not (RFC 3261 14.1, 14.2).
_RETRY_AFTER: Final = 10
_GLARE: Final[Mapping[bool, tuple[float, float]]] = MappingProxyType(
    {True: (2.1, 4.0), False: (0.0, 2.0)}
)


class Exchange:
    """Where calls are found, and what they send and wait by.

    `calls` are those that stand, or whose BYE has no answer yet; `early` those that
    came and were not answered; `outgoing` those that were sent and were not answered,
    by Call-ID and our tag. `random` gives numbers from 0 up to 1.
    """

    _log = Logger()

    def __init__(
        self,
        sender: Sender,
        clock: IReactorTime,
        settings: CallSettings,
        random: Callable[[], float],
    ) -> None:
        self.sender = sender
        self.settings = settings
        self.wakes = Wakes(clock)
        self.calls: dict[DialogId, Call] = {}
        self.early: dict[DialogId, IncomingCall] = {}
        self.outgoing: dict[tuple[str, str], OutgoingCall] = {}
        self.random = random
        self.is_stopping = False
        self._emptied: list[Deferred[None]] = []

    def __len__(self) -> int:
        return len(self.calls) + len(self.early) + len(self.outgoing)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a call: as many as may be, or at the end."""
        return self.is_stopping or len(self) >= self.settings.calls

    def now(self) -> float:
        """The time by the clock."""
        return self.wakes.now()

    def look_if_empty(self) -> None:
        """Tell who waits for it that no call is left."""
        if len(self):
            return
        waiting, self._emptied = self._emptied, []
        for each in waiting:
            each.callback(None)

    def when_empty(self) -> Deferred[None]:
        """Fires when no call is left."""
        empty: Deferred[None] = Deferred()
        self._emptied.append(empty)
        self.look_if_empty()
        return empty

    def send_ack(self, ack: Request) -> None:
        """Send an ACK; where it is lost, the 2xx comes again (13.2.2.4)."""
        self.sender.acknowledge(ack).addErrback(self._not_sent)

    def _not_sent(self, failure: Failure) -> None:
        if not failure.check(SipError):
            self._log.failure("an ACK cannot be sent", failure=failure)
            return
        self._log.debug("an ACK is lost: {error}", error=failure.value)

    def glare(self, *, is_caller: bool) -> float:
        """How long to wait before a re-INVITE that met another one goes again."""
        low, high = _GLARE[is_caller]
        return low + self.random() * (high - low)

    def later(self, request: Request) -> Response:
        """The 500 to what comes while its like has no answer yet (14.2, RFC 3311)."""
        seconds = int(self.random() * (_RETRY_AFTER + 1))
        return respond(request, 500, headers=(("Retry-After", str(seconds)),))
