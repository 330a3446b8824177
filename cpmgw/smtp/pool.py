"""A relay that mail goes to: its queue, its connections, and when to try again."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IDelayedCall, IResolver
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.smtp.client import Interrupted, RelayConnection
from cpmgw.smtp.commands import check_envelope
from cpmgw.smtp.dialling import Dialler
from cpmgw.smtp.errors import NotAdmitted, NotSent, Refused, SmtpError, Unanswered
from cpmgw.smtp.interfaces import Envelope, IMailRelay, Sent
from cpmgw.smtp.mails import Mail, MailQueue
from cpmgw.smtp.route import Hop, NoRoute, Route, SystemNames
from cpmgw.smtp.settings import RelaySettings

# Seconds that mails under way have for their end when the relay is stopped.
DRAIN: Final = 5.0

# Seconds between attempts to connect, whatever the settings say.
_SHORTEST: Final = 0.05
# How often the pause of a mail doubles.
_MOST_DOUBLINGS: Final = 20


@implementer(IMailRelay)
class MailRelay(Service):
    """Sends mails to one relay, or to the relays of a domain.

    Connections are made when mails wait for one, and to see whether a relay that is
    down is back. While none can be made, each mail waits for its own time: in that,
    however long the pauses, a host is tried. Stopping it fails what waits and lets what
    is under way come to its end, for five seconds. `shuffle` orders hosts of the same
    preference.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        name: str,
        settings: RelaySettings,
        resolver: IResolver | None = None,
        *,
        shuffle: Callable[[list[Hop]], object] = random.shuffle,
    ) -> None:
        self.setName(name)
        self.is_up = True
        self._clock = reactor
        self._settings = settings
        self._route = Route(
            reactor, settings, lambda: resolver or SystemNames(reactor), shuffle
        )
        self._dialler = Dialler(reactor, settings, self._route, self._gone)
        self._queue = MailQueue(settings.queue, settings.queue_octets)
        self._idle: list[RelayConnection] = []
        self._under_way: dict[Mail, RelayConnection] = {}
        self._attempts: set[Deferred[RelayConnection]] = set()
        self._why: SmtpError | None = None
        self._wake: IDelayedCall | None = None
        self._drain: IDelayedCall | None = None
        self._ends: list[Deferred[None]] = []
        self._answered = -math.inf
        self._is_pumping = False

    @property
    def waiting(self) -> int:
        """How many mails wait or are under way."""
        return len(self._queue) + len(self._under_way)

    # -- IMailRelay ---------------------------------------------------------------

    def send(self, envelope: Envelope, content: IBody) -> Deferred[Sent]:
        """Send a mail; see IMailRelay.

        Fails with SmtpSyntaxError for an envelope that no relay could be given. To
        cancel a mail that is under way ends its connection, and takes it back as well;
        where it has left whole it fails with Unanswered instead.
        """
        if not self.running:
            return fail(NotSent("the relay is not running"))
        try:
            check_envelope(envelope)
        except SmtpError as error:
            return fail(error)
        goes_out = not self._queue and any(each.is_ready for each in self._idle)
        if not (goes_out or self._queue.has_room(content.size)):
            return fail(NotSent("too many mails wait"))
        now = self._clock.seconds()
        until = now + self._settings.queue_time
        mail = Mail(envelope, content, now, until, self._cancelled)
        self._queue.add(mail)
        self._pump()
        if not (mail.is_over or mail.timer or mail in self._under_way):
            self._limit(mail)
        return mail.result

    # -- what Twisted calls -------------------------------------------------------

    def startService(self) -> None:
        """Take mails from now on."""
        self._stop_timers()
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Take no more mails; it fires when no connection is left."""
        super().stopService()
        for mail in self._queue.clear():
            mail.settle(Failure(NotSent("the relay was stopped")))
        for attempt in list(self._attempts):
            attempt.cancel()
        self._stop_timers()
        self._route.close()
        while (connection := self._free()) is not None:
            connection.quit()
        if not self._dialler.connections:
            return succeed(None)
        self._drain = self._clock.callLater(DRAIN, self._drained)
        end: Deferred[None] = Deferred()
        self._ends.append(end)
        return end

    # -- mails --------------------------------------------------------------------

    def _limit(self, mail: Mail) -> None:
        """A mail has to wait; for so long and no longer."""
        if self._settings.queue_time:
            left = mail.until - self._clock.seconds()
            mail.timer = self._clock.callLater(left, self._expired, mail)

    def _expired(self, mail: Mail) -> None:
        mail.timer = None
        self._queue.remove(mail)
        mail.settle(Failure(self._reason(mail)))

    def _reason(self, mail: Mail) -> SmtpError:
        """Why a mail could not go out in its time."""
        why = mail.why or self._why
        if isinstance(why, NotAdmitted):
            return NotAdmitted(why.reply, why.stage)
        return NotSent(str(why or "no connection was free in time"))

    def _cancelled(self, mail: Mail) -> None:
        """Nobody waits for a mail any more."""
        connection = self._under_way.get(mail)
        mail.is_over = True
        if connection is None:
            self._queue.remove(mail)
        elif not connection.take_back():
            mail.result.errback(Unanswered("it was not waited for"))

    def _settled(
        self, result: Sent | Failure, mail: Mail, connection: RelayConnection
    ) -> None:
        """A mail has an outcome, or has to be tried again."""
        del self._under_way[mail]
        error = result.value if isinstance(result, Failure) else None
        if connection.is_ready and self.running:
            self._idle.append(connection)
        elif connection.is_ready:
            connection.quit()
        if isinstance(error, Interrupted):
            self._interrupted(mail, connection, error)
        else:
            self._note(connection, error)
            mail.settle(result)
        self._pump()

    def _interrupted(
        self, mail: Mail, connection: RelayConnection, error: Interrupted
    ) -> None:
        """A mail has not left: try it on another connection, in its time.

        What was kept may be gone by now, and costs nothing. Otherwise the host may be
        to blame, or the mail: once each, then that goes behind all others.
        """
        if mail.is_over:
            return
        mail.why = error
        mail.losses += bool(mail.losses) or not connection.is_kept
        if mail.losses == 1:
            self._dialler.failed(connection)
        late = mail.until <= self._clock.seconds() and self._settings.queue_time
        if late or not self.running:
            if self._answered < mail.began:
                self._turn(error)
            mail.settle(Failure(NotSent(str(error))))
            return
        if mail.losses > 1:
            self._hold(mail)
        elif mail.losses:
            self._queue.add(mail)
        else:
            self._queue.put_back(mail)
        self._limit(mail)

    def _hold(self, mail: Mail) -> None:
        """Let a mail pause that connections ended with, longer each time."""
        settings = self._settings
        doubled = settings.backoff_initial * 2 ** min(mail.losses - 1, _MOST_DOUBLINGS)
        wait = max(_SHORTEST, min(doubled, settings.backoff_maximum))
        mail.pause = self._clock.callLater(wait, self._paused, mail)
        self._queue.hold(mail)

    def _paused(self, mail: Mail) -> None:
        mail.pause = None
        self._queue.release(mail)
        self._pump()

    def _note(self, connection: RelayConnection, error: BaseException | None) -> None:
        """See from an outcome how the relay is: also a refusal is an answer."""
        if error is None or isinstance(error, Refused):
            self._answered = self._clock.seconds()
            self._why = None
            self._dialler.succeeded(connection)
            self._turn(None)
        elif isinstance(error, Unanswered):
            if not connection.mails:
                self._dialler.failed(connection)
            self._turn(error)

    def _turn(self, error: SmtpError | None) -> None:
        """The relay takes mail, or does not."""
        if self.is_up and error is not None:
            self._log.warn("{name} is down: {why}", name=self.name, why=str(error))
        elif not self.is_up and error is None:
            self._log.info("{name} is up again", name=self.name)
        self.is_up = error is None
        self._rest()

    # -- connections --------------------------------------------------------------

    def _pump(self) -> None:
        """Give mails to connections, and make those that are needed."""
        if self._is_pumping:
            return
        self._is_pumping = True
        try:
            while self._step():
                pass
        finally:
            self._is_pumping = False
        for connection in self._idle:
            connection.is_kept = True
        self._rest()

    def _step(self) -> bool:
        """Do one thing; False where there is nothing to do."""
        if self._queue.ready and (connection := self._free()) is not None:
            self._hand(self._queue.first(), connection)
            return True
        wanted = self._queue.ready > len(self._attempts)
        if wanted and self._has_room and self._next_try <= self._clock.seconds():
            self._attempt()
            return True
        return False

    def _free(self) -> RelayConnection | None:
        """A connection that a mail can go out on; those that left are forgotten."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_ready:
                return connection
        return None

    @property
    def _has_room(self) -> bool:
        """Whether one more connection may be made."""
        return bool(self.running) and (self._dialler.count < self._settings.connections)

    @property
    def _next_try(self) -> float:
        """When a connection may be made: in good time for a mail that waits."""
        patience = self._settings.queue_time / 2 if self._queue.ready else 0
        return self._dialler.next_try(patience or math.inf)

    def _attempt(self) -> None:
        """Make a connection."""
        patience = self._settings.queue_time / 2 or math.inf
        attempt = Deferred.fromCoroutine(self._dialler.connect(patience))
        self._attempts.add(attempt)
        attempt.addBoth(self._attempted, attempt)

    def _hand(self, mail: Mail, connection: RelayConnection) -> None:
        """Begin to send a mail."""
        self._queue.remove(mail)
        self._under_way[mail] = connection
        sent: Deferred[Any] = connection.deliver(mail.envelope, mail.content)
        sent.addBoth(self._settled, mail, connection)
        sent.addErrback(lambda failure: self._log.failure("a mail", failure))

    def _attempted(
        self, result: RelayConnection | Failure, attempt: Deferred[Any]
    ) -> None:
        """A connection is ready, or could not be made."""
        self._attempts.discard(attempt)
        if isinstance(result, RelayConnection):
            self._why = None
            self._idle.append(result)
            self._turn(None)
        elif isinstance(result.value, SmtpError):
            self._why = result.value
            if isinstance(result.value, NoRoute):
                self._refuse(result.value)
            self._turn(result.value)
        elif result.check(CancelledError, ConnectingCancelledError) is None:
            self._log.failure("connecting", result)
        self._pump()

    def _refuse(self, error: NoRoute) -> None:
        """Nobody takes the mails that wait."""
        for mail in self._queue.clear():
            mail.settle(Failure(Refused(error.reply, error.stage)))

    def _rest(self) -> None:
        """Come back when a host may be tried, for mails that wait or to see it is back.

        Mails that could have a connection, but for their number, are no reason.
        """
        if not self.running or (self.is_up and not self._queue.ready):
            return
        now, then = self._clock.seconds(), self._next_try
        if then > now:
            wait = then - now
        elif self._queue.ready:
            return
        else:
            wait = self._settings.backoff_initial
        wait = max(wait, _SHORTEST)
        if self._wake is None:
            self._wake = self._clock.callLater(wait, self._woken)
        elif self._wake.getTime() > now + wait:
            self._wake.reset(wait)

    def _woken(self) -> None:
        self._wake = None
        is_due = self._next_try <= self._clock.seconds()
        if not self.is_up and is_due and not self._attempts and self._has_room:
            self._attempt()
        self._pump()

    def _gone(self, connection: RelayConnection) -> None:
        """A connection is no more."""
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._dialler.connections and self._ends:
            self._stop_timers()
            ends, self._ends = self._ends, []
            for end in ends:
                end.callback(None)
        self._pump()

    def _drained(self) -> None:
        """What is still under way has had its time."""
        self._drain = None
        self._dialler.abort()

    def _stop_timers(self) -> None:
        for timer in (self._wake, self._drain):
            if timer is not None:
                timer.cancel()
        self._wake = self._drain = None
