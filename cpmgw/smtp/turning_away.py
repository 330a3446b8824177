"""A connection that gets no service (RFC 5321 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from cpmgw.smtp import answers
from cpmgw.smtp.intake import LONGEST_COMMAND
from cpmgw.smtp.interfaces import Reply

# Commands, and seconds, until one that has been greeted with 554 must have said QUIT.
PATIENCE: Final = 3
PATIENCE_TIME: Final = 10.0
# Seconds that a connection has to be closed by both sides.
CLOSING_TIMEOUT: Final = 2.0


class TurnedAway(LineOnlyReceiver):
    """Is told why: closed at once after 421, else when it says QUIT, or before long.

    `gone` is told of its end.
    """

    MAX_LENGTH = LONGEST_COMMAND
    transport: Any

    def __init__(
        self, clock: IReactorTime, reply: Reply, gone: Callable[[TurnedAway], None]
    ) -> None:
        self._clock = clock
        self._reply = reply
        self._gone = gone
        self._left = PATIENCE
        self._limit: Any = None
        self._is_closing = False

    def connectionMade(self) -> None:
        """Greet with the refusal."""
        self._limit = self._clock.callLater(PATIENCE_TIME, self._give_up)
        if self._reply.is_temporary:
            self.close(self._reply)
        else:
            self._say(self._reply)

    def lineReceived(self, line: bytes) -> None:
        """Serve nothing but QUIT."""
        if line.strip().upper() == b"QUIT":
            self.close(answers.GOOD_BYE)
            return
        self._left -= 1
        if self._left:
            self._say(answers.TURNED_AWAY)
        else:
            self.close(answers.TOO_MANY_ERRORS)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Have enough."""
        self.close(answers.TOO_MANY_ERRORS)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._is_closing = True
        if self._limit.active():
            self._limit.cancel()
        self._gone(self)

    def close(self, reply: Reply) -> None:
        """Close with this as the last reply."""
        if self._is_closing:
            return
        self._is_closing = True
        self._say(reply)
        if self._limit.active():
            self._limit.cancel()
        self._limit = self._clock.callLater(
            CLOSING_TIMEOUT, self.transport.abortConnection
        )
        self.transport.loseConnection()

    def _give_up(self) -> None:
        self.close(answers.TOO_SLOW)

    def _say(self, reply: Reply) -> None:
        self.sendLine(b"%d %s" % (reply.code, answers.message_of(reply)))
