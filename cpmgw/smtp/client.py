"""A connection to a relay that mail goes out by, over twisted.mail.

Twisted's ESMTPClient does what comes before the first mail: the greeting, EHLO or
HELO, STARTTLS and AUTH. Ours are how replies are read, what the relay offers, and the
mails.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import connectionDone
from twisted.mail import smtp
from twisted.python.failure import Failure

from cpmgw.bodies.interfaces import IBody
from cpmgw.smtp.content import CannotRead, Content
from cpmgw.smtp.errors import (
    NotAdmitted,
    NotSent,
    Refused,
    SmtpError,
    SmtpSyntaxError,
    Unanswered,
)
from cpmgw.smtp.exchange import Exchange
from cpmgw.smtp.extensions import NO_EXTENSIONS, Extensions, read_extensions
from cpmgw.smtp.interfaces import Envelope, Reply, Sent
from cpmgw.smtp.reply import ReplyReader, shortened
from cpmgw.smtp.settings import RelaySettings, TlsMode

# Replies before the first mail: a relay may ask on and on while one logs in.
MOST_BEFORE_MAIL: Final = 20
# Seconds that a relay has to answer QUIT, and then to close.
QUIT_TIMEOUT: Final = 5.0
# Seconds that a mail that has left has for its answer once nobody waits for that.
UNAWAITED_TIMEOUT: Final = 60.0

_CLOSING: Final = 421
# Where a reply of the relay is behind what Twisted reports, and to which command.
_STAGES: Final[dict[type[Exception], str]] = {
    smtp.SMTPConnectError: "EHLO",
    smtp.EHLORequiredError: "EHLO",
    smtp.TLSError: "STARTTLS",
    smtp.AUTHDeclinedError: "AUTH",
    smtp.AuthenticationError: "AUTH",
}
_FAULTS: Final[dict[type[Exception], str]] = {
    smtp.TLSRequiredError: "the relay does not offer TLS",
    smtp.AUTHRequiredError: "the relay offers no way to log in that may be used",
}


class Interrupted(NotSent):
    """A connection has ended before the mail had left: it may be tried on another."""


class Unreadable(NotSent):
    """The content of the mail could not be read; another try would fail as well."""


class _Plain(smtp.PLAINAuthenticator):
    """PLAIN for nobody but the user (RFC 4616 2); Twisted's is tried twice."""

    def challengeResponse(self, secret: bytes, chal: object = None) -> bytes:
        return b"\0%b\0%b" % (self.user, secret)


class _State(Enum):
    SETUP = auto()
    READY = auto()
    BUSY = auto()
    QUITTING = auto()
    CLOSED = auto()


class RelayConnection(smtp.ESMTPClient):
    """One connection; mails go out on it one after the other.

    `ready` fires once a mail may be sent, and fails with a SmtpError where it never
    may; cancelling it closes the connection. `gone` is called when the connection is no
    more. `mails` is how many have been answered; it `is_kept` once it was without one.
    """

    debug = False  # the log that it keeps would have passwords in it

    def __init__(
        self,
        clock: Any,
        settings: RelaySettings,
        context: Any,
        gone: Callable[[RelayConnection], None],
    ) -> None:
        secret = settings.password.encode() if settings.username else None
        super().__init__(secret, context, settings.own_name.encode("ascii"))
        self.requireAuthentication = bool(settings.username)
        self.requireTransportSecurity = settings.tls.mode is TlsMode.REQUIRE
        self.timeout = settings.command_timeout or None  # type: ignore[assignment]
        self.mails = 0
        self.is_kept = False
        self.offered: Extensions = NO_EXTENSIONS
        self.ready: Deferred[None] = Deferred(self._not_wanted)
        self._clock = clock
        self._settings = settings
        self._gone = gone
        self._reader = ReplyReader()
        self._state = _State.SETUP
        self._replies = 0
        self._reply = Reply(0)
        self._items: dict[bytes, bytes | None] = {}
        self._exchange: Exchange | None = None
        self._body: IBody | None = None
        self._content: Content | None = None
        self._is_whole = False
        self._has_refused = False
        self._sent: Deferred[Sent] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a mail may be sent now."""
        return self._state is _State.READY

    @property
    def is_leaving(self) -> bool:
        """Whether there will be no mail on it any more."""
        return self._state in (_State.QUITTING, _State.CLOSED)

    # -- for the pool

    def deliver(self, envelope: Envelope, content: IBody) -> Deferred[Sent]:
        """Send a mail; the connection is ready, the envelope has been checked.

        Fails with TooLarge, CannotCarry or Refused, with Interrupted or Unreadable
        where it surely did not leave, with Unanswered where it may have been taken.
        """
        size = envelope.size or content.size
        try:
            exchange = Exchange(
                envelope, self.offered, size, after_refusal=self._has_refused
            )
        except SmtpError as error:
            return fail(error)
        self._state = _State.BUSY
        self._exchange, self._body, self._is_whole = exchange, content, False
        sent = self._sent = Deferred()
        self._write(exchange.begin())
        return sent

    def take_back(self) -> bool:
        """Stop sending, by closing the connection; False where the mail has left."""
        if self._is_whole:
            limit = self._settings.end_timeout or UNAWAITED_TIMEOUT
            self._limit(min(limit, UNAWAITED_TIMEOUT))
        if self._is_whole or self._state is not _State.BUSY:
            return False
        self._end(Interrupted("it was taken back"))
        return True

    def quit(self) -> None:
        """Take leave (RFC 5321 4.1.1.10); only of a connection without a mail."""
        self._state = _State.QUITTING
        self._write(b"QUIT\r\n")
        self._limit(min(self._settings.command_timeout or QUIT_TIMEOUT, QUIT_TIMEOUT))

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._end(Interrupted("the connection was closed"))

    # -- what Twisted calls

    def connectionMade(self) -> None:
        """Wait for the greeting."""
        for option in ("setTcpNoDelay", "setTcpKeepAlive"):
            getattr(self.transport, option)(True)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """Read replies; a relay that does not speak SMTP has seen the last of us."""
        if self._state is not _State.CLOSED:
            self._reader.feed(data)
        try:
            while (reply := self._next()) is not None:
                self._replied(reply)
        except SmtpSyntaxError as error:
            self._end(Interrupted(str(error)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Say what has become of the mail that was under way."""
        text = "the relay has closed the connection"
        if reason.check(ConnectionDone) is None:
            text = f"the connection was lost: {reason.getErrorMessage()}"
        super().connectionLost(reason)
        self._settle(Interrupted(text))
        self._gone(self)

    def timeoutConnection(self) -> None:
        """Nothing has come, or could be sent, for as long as may be."""
        if self._state is _State.READY:
            self.quit()
        else:
            self._end(Interrupted("the relay does not answer"))

    def callLater(self, period: float, func: Callable[[], object]) -> Any:
        """Time, for the time limits."""
        return self._clock.callLater(period, func)

    # -- before the first mail: steps of Twisted's that are other here

    def sendError(self, exc: Exception) -> None:
        """It came to nothing."""
        stage = _STAGES.get(type(exc))
        error: SmtpError
        if stage is None:
            error = NotSent(_FAULTS.get(type(exc), "the relay cannot be used"))
        else:
            error = NotAdmitted(shortened(self._reply), stage)
        self._leave(error)

    def smtpState_helo(self, code: int, resp: bytes) -> None:
        """EHLO is not known: HELO. Twisted's would send it again and again."""
        self._failresponse = self.smtpConnectionFailed
        if self._reply.is_temporary:
            self.smtpConnectionFailed(code, resp)
        else:
            super().smtpState_helo(code, resp)

    def esmtpState_serverConfig(self, code: int, resp: bytes) -> None:
        """See what the relay offers; Twisted's takes keywords in capitals only."""
        offered = self.offered = read_extensions(self._reply)
        self._items = {}
        if offered.starttls:
            self._items[b"STARTTLS"] = None
        if offered.auth:
            self._items[b"AUTH"] = " ".join(offered.auth).encode()
        self.tryTLS(code, resp, self._items)

    def esmtpState_starttls(self, code: int, resp: bytes) -> None:
        """Begin TLS, and forget what was said before (RFC 3207 4.2)."""
        transport: Any = self.transport
        transport.startTLS(self.context)
        self._tlsMode = True
        self.offered = NO_EXTENSIONS
        self.esmtpState_ehlo(code, resp)

    def esmtpTLSFailed(self, code: int = -1, resp: bytes | None = None) -> None:
        """STARTTLS was refused: go on without, where that is allowed."""
        if self.requireTransportSecurity:
            super().esmtpTLSFailed(code, resp)
        else:
            self.authenticate(code, resp, self._items)

    def authenticate(
        self, code: int, resp: bytes | None, items: dict[bytes, bytes | None]
    ) -> None:
        """Log in; a password goes out in clear only where no TLS is wanted at all.

        Otherwise the relay has to have shown who it is (RFC 4954 4).
        """
        user = self._settings.username.encode()
        self.authenticators = [smtp.CramMD5ClientAuthenticator(user)]
        tls = self._settings.tls
        if tls.mode is TlsMode.NONE or (self._tlsMode and tls.is_checked):
            self.registerAuthenticator(_Plain(user))
            self.registerAuthenticator(smtp.LOGINAuthenticator(user))
        super().authenticate(code, resp, items)

    def _esmtpState_plainAuth(self, code: int, resp: bytes) -> None:
        self.esmtpAUTHDeclined(code, resp)

    def smtpState_from(self, code: int, resp: bytes) -> None:
        """All is said: mails may go out."""
        self._state = _State.READY
        self._limit(self._settings.idle_timeout)
        self.ready.callback(None)

    # -- replies

    def _next(self) -> Reply | None:
        """The next reply, None while there is none, and once none matters any more."""
        return None if self._state is _State.CLOSED else self._reader.next()

    def _replied(self, reply: Reply) -> None:
        if self._state is _State.SETUP:
            self._set_up(reply)
        elif self._state is _State.BUSY:
            self._answered(reply)
        elif self._state is _State.QUITTING:
            self._lose()
        elif reply.code == _CLOSING:
            self._drop()
        else:
            raise SmtpSyntaxError("a reply to nothing")

    def _set_up(self, reply: Reply) -> None:
        self._replies += 1
        if self._replies > MOST_BEFORE_MAIL:
            raise SmtpSyntaxError("the relay asks without an end")
        # Also what somebody puts before a TLS handshake ends here.
        if self._reader.pending:
            raise SmtpSyntaxError("the relay says more than it was asked")
        self._reply = reply
        if reply.code == _CLOSING:
            self._leave(NotAdmitted(shortened(reply), "EHLO"))
            return
        self._limit(self._settings.command_timeout)
        follows: Any = self._failresponse
        if reply.code in self._expected:
            follows = self._okresponse
        follows(reply.code, reply.text.encode())

    def _answered(self, reply: Reply) -> None:
        """Go on with the mail."""
        exchange = self._exchange
        assert exchange is not None
        reply = shortened(reply)
        if self._content is not None and not self._is_whole:
            self._refused_early(reply)
            return
        if reply.code == _CLOSING and not self._is_whole:
            self._end(_closing(reply))
            return
        follows = exchange.answered(reply)
        if follows.outcome is not None:
            self._finish(follows.outcome, reply)
        elif self._reader.pending and (follows.content or follows.write):
            raise SmtpSyntaxError("an answer before the question")
        elif follows.content:
            self._begin_content()
        elif follows.write:
            self._write(follows.write)
        else:
            self._limit(self._settings.command_timeout)

    def _refused_early(self, reply: Reply) -> None:
        """The relay would not hear the content to its end."""
        if reply.is_ok:
            raise SmtpSyntaxError("an answer before the end of the mail")
        if reply.code == _CLOSING:
            self._end(_closing(reply))
        else:
            self._end(Refused(reply, "."))

    def _begin_content(self) -> None:
        assert self._body is not None
        self._content = Content(
            self._body,
            self.transport,
            progress=lambda: self._limit(self._settings.data_timeout),
            whole=self._left,
            broken=self._cannot_read,
        )
        self._content.start()

    def _left(self) -> None:
        """The mail leaves whole: from now on it may be taken."""
        self._is_whole = True
        self._limit(self._settings.end_timeout)

    def _cannot_read(self, error: CannotRead) -> None:
        self._end(Unreadable(str(error)))

    def _finish(self, outcome: Sent | Refused, reply: Reply) -> None:
        """The mail has its answer; the connection is free for the next one."""
        assert self._exchange is not None
        self.mails += 1
        self._has_refused = self._exchange.is_open
        if self._reader.pending or reply.code == _CLOSING:
            self._state = _State.CLOSED
            self._settle(outcome)
            self._drop()
            return
        self._state = _State.READY
        self._limit(self._settings.idle_timeout)
        if self.mails == self._settings.mails_per_connection:
            self.quit()
        self._settle(outcome)

    # -- ends

    def _settle(self, outcome: Sent | SmtpError) -> None:
        """Tell who waits, if anybody still does."""
        whole, self._is_whole = self._is_whole, False
        exchange, self._exchange = self._exchange, None
        self._body = None
        if self._content is not None:
            self._content.stopProducing()
            self._content = None
        sent, self._sent = self._sent, None
        if isinstance(outcome, Interrupted) and whole:
            outcome = Unanswered(str(outcome))
        elif isinstance(outcome, Interrupted) and exchange is not None:
            outcome = exchange.refusal or outcome
        if sent is not None:
            sent.callback(outcome if isinstance(outcome, Sent) else Failure(outcome))
        elif isinstance(outcome, SmtpError) and not self.ready.called:
            self.ready.errback(outcome)

    def _end(self, error: SmtpError) -> None:
        """Close at once, over this."""
        self._state = _State.CLOSED
        self._settle(error)
        self._drop()

    def _not_wanted(self, ready: Deferred[None]) -> None:
        ready.errback(CancelledError())
        self._drop()

    def _drop(self) -> None:
        """Close at once."""
        self._state = _State.CLOSED
        self.setTimeout(None)
        transport: Any = self.transport
        transport.abortConnection()

    def _leave(self, error: SmtpError) -> None:
        """Close with a QUIT, over an answer of the relay's."""
        self._write(b"QUIT\r\n")
        self._lose()
        self._settle(error)

    def _lose(self) -> None:
        """Close once everything is written, by force if that takes too long."""
        self._state = _State.CLOSED
        self._limit(QUIT_TIMEOUT)
        transport: Any = self.transport
        transport.loseConnection()

    def _write(self, octets: bytes) -> None:
        """Write commands; each has as much time for its answer as is allowed."""
        self._limit(self._settings.command_timeout)
        transport: Any = self.transport
        transport.write(octets)

    def _limit(self, seconds: float) -> None:
        self.setTimeout(seconds or None)


def _closing(reply: Reply) -> Interrupted:
    return Interrupted(f"the relay is closing: {reply.code} {reply.text}")
