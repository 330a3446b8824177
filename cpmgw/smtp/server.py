"""The server's side of a connection (RFC 5321), over Twisted's ESMTP.

Of that come the lines, the replies, the time limit and the shape of commands; reading
is our own, as Twisted's takes a line at a time, no parameters, and answers pipelined
commands out of their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.mail import smtp
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.spool import Spool
from cpmgw.smtp import answers
from cpmgw.smtp.answers import Refusal
from cpmgw.smtp.arrival import Arrival
from cpmgw.smtp.intake import Hold, Intake
from cpmgw.smtp.interfaces import Envelope, IMailHandler, Peer, ReceivedMail, Reply
from cpmgw.smtp.parameters import read_command, read_mail, read_rcpt
from cpmgw.smtp.patience import Patience
from cpmgw.smtp.settings import ServerSettings
from cpmgw.smtp.turning_away import CLOSING_TIMEOUT

# Seconds that a client waits for the reply to its mail (RFC 5321 4.5.3.2.6).
ANSWER_TIMEOUT: Final = 600.0

_LONGEST_NAME: Final = 255
# Each has a method named do_ and itself.
_COMMANDS: Final = frozenset(
    ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "STARTTLS")
) | {"VRFY", "EXPN", "HELP"}
# What may come before TLS where that is required (RFC 3207 4).
_BEFORE_TLS: Final = frozenset(("NOOP", "EHLO", "STARTTLS", "QUIT"))


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection works with; `tls` is the context that STARTTLS has, if any."""

    clock: IReactorTime
    settings: ServerSettings
    handler: IMailHandler
    spool: Spool
    now: Callable[[], float]
    tls: Any = None


@implementer(IPushProducer)
class SmtpServer(smtp.ESMTP):
    """One connection that mail comes by.

    `joined` and `gone` are told of its beginning and end.
    """

    noisy = False
    timeout: Any = None
    transport: Any
    _log = Logger()

    def __init__(
        self,
        around: Surroundings,
        joined: Callable[[SmtpServer], None],
        gone: Callable[[SmtpServer], None],
    ) -> None:
        super().__init__(contextFactory=around.tls)
        self.host = around.settings.own_name
        self.timeout = around.settings.command_timeout or None
        self.is_secure = False
        self._around = around
        self._joined, self._gone = joined, gone
        self._intake = Intake(self)
        self._peer = Peer(host="")
        self._envelope: Envelope | None = None
        self._arrival: Arrival | None = None
        self._mails = 0
        self._patience = Patience(around.settings, around.clock.seconds())
        self._is_asking = self._is_draining = self._is_closing = False
        self._is_paused = False
        self._abort: Any = None

    # -- for the port -------------------------------------------------------------

    @property
    def has_mail(self) -> bool:
        """Whether a mail is coming, or waits for its reply."""
        return self._is_asking or self._arrival is not None

    @property
    def host_of_peer(self) -> str:
        """The IP address of the other end."""
        return self._peer.host

    def drain(self) -> None:
        """Close, after the reply to the mail in hand."""
        self._is_draining = True
        if not self.has_mail:
            self.close(answers.CLOSING)

    def close(self, reply: Reply) -> None:
        """Close with this as the last reply."""
        if self._is_closing:
            return
        self._is_closing = True
        self._say(reply)
        self.setTimeout(None)
        self._drop_content()
        if self._is_paused:
            self._resume()  # TLS is closed by both sides
        self._intake.close()
        clock = self._around.clock
        self._abort = clock.callLater(CLOSING_TIMEOUT, self.transport.abortConnection)
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    # -- IProtocol, and what Twisted's asks for -----------------------------------

    def connectionMade(self) -> None:
        """Greet."""
        self._peer = Peer(host=self.transport.getPeer().host, is_secure=self.is_secure)
        self._joined(self)
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        super().connectionMade()
        self.canStartTLS = self.canStartTLS and not self.is_secure

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End; a mail that is being handled goes on."""
        self._is_closing = True
        self._intake.close()
        self._drop_content()
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        super().connectionLost(reason)
        self._gone(self)

    def callLater(self, period: float, func: Callable[[], object]) -> Any:
        """For the time limit."""
        return self._around.clock.callLater(period, func)

    def timeoutConnection(self) -> None:
        """Nothing came in time, or nobody knows what becomes of a mail."""
        self.close(answers.TOO_SLOW)

    def greeting(self) -> bytes:
        """What stands after 220."""
        return bytes(self.host) + b" ESMTP"

    def extensions(self) -> dict[bytes, list[bytes] | None]:
        """What EHLO announces."""
        own = answers.offers(self._around.settings)
        if self.canStartTLS and not self.startedTLS:
            own[b"STARTTLS"] = None
        return own

    def lookupMethod(self, command: str) -> Callable[[str], None] | None:
        """The method of a command, None if it is unknown."""
        return getattr(self, f"do_{command}") if command in _COMMANDS else None

    # -- IPushProducer: replies that are not fetched hold up the commands ---------

    def pauseProducing(self) -> None:
        """Too many replies are on their way."""
        self._hold(Hold.OUTPUT)

    def resumeProducing(self) -> None:
        """They have left."""
        self._release(Hold.OUTPUT)

    def stopProducing(self) -> None:
        """The connection is gone; `connectionLost` comes too."""

    # -- Reading ------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Octets come; held up or not, they keep their order."""
        self._intake.feed(data)
        if self._intake.is_full and not self._is_paused:
            self._is_paused = True
            self.transport.pauseProducing()

    def lineReceived(self, line: bytes) -> None:
        """Answer a command, now or, for a mail, later."""
        self.resetTimeout()
        try:
            self._command(line)
        except Refusal as refusal:
            self._answer(refusal.reply)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a command for its length."""
        self.resetTimeout()
        self._answer(answers.COMMAND_TOO_LONG)

    def content_received(self) -> None:
        """Wait on for the rest, as long as may be."""
        assert self._arrival is not None
        if self._arrival.has_come(self._around.clock.seconds()):
            self.resetTimeout()
        else:
            self.timeoutConnection()

    def content_ended(self) -> None:
        """Have the mail handled, if it could be kept."""
        assert self._arrival is not None
        refusal = self._arrival.finish()
        if refusal is None:
            self._hand_over(self._arrival)
        else:
            self._drop_content()
            self._end_mail(refusal)

    # -- commands -----------------------------------------------------------------

    def do_UNKNOWN(self, rest: str) -> None:
        """Refuse what is no command."""
        self._answer(answers.UNKNOWN)

    def do_EHLO(self, rest: str) -> None:
        """Say who we are and what we can (RFC 5321 4.1.1.1)."""
        self._greet(rest)
        extensions = self.listExtensions()
        self.sendCode(250, bytes(self.host) + b"\n" + extensions)

    def do_HELO(self, rest: str) -> None:
        """Say who we are."""
        self._greet(rest)
        self.sendCode(250, bytes(self.host))

    def do_MAIL(self, rest: str) -> None:
        """Begin a mail (RFC 5321 4.1.1.2)."""
        if not self._peer.name:
            raise Refusal(answers.GREET_FIRST)
        if self._envelope is not None:
            raise Refusal(answers.NESTED)
        settings = self._around.settings
        if settings.mails_per_connection and (
            self._mails >= settings.mails_per_connection
        ):
            raise Refusal(answers.TOO_MANY_MAILS)
        envelope = read_mail(rest, settings.max_size)
        if envelope.deliver_by is not None and not settings.honours_dsn:
            raise Refusal(answers.UNKNOWN_PARAMETER)
        self._ask(self._around.handler.sender, envelope)
        self._envelope = envelope
        self._answer(answers.SENDER)

    def do_RCPT(self, rest: str) -> None:
        """Take one more recipient (RFC 5321 4.1.1.3)."""
        envelope = self._envelope
        if envelope is None:
            raise Refusal(answers.SENDER_FIRST)
        if len(envelope.recipients) >= self._around.settings.recipients:
            raise Refusal(answers.TOO_MANY_RECIPIENTS)
        recipient = read_rcpt(rest, envelope)
        self._ask(self._around.handler.recipient, envelope, recipient)
        self._envelope = msgspec.structs.replace(
            envelope, recipients=(*envelope.recipients, recipient)
        )
        self._answer(answers.RECIPIENT)

    def do_DATA(self, rest: str) -> None:
        """Let the content come (RFC 5321 4.1.1.4)."""
        _refuse_argument(rest)
        if self._envelope is None:
            raise Refusal(answers.SENDER_FIRST)
        if not self._envelope.recipients:
            raise Refusal(answers.NO_RECIPIENTS)
        settings, clock = self._around.settings, self._around.clock
        try:
            arrival = Arrival(settings, self._around.spool, clock.seconds())
        except NoRoom as error:
            raise Refusal(answers.NO_ROOM) from error
        self._arrival = arrival
        self._mails += 1
        self._intake.expect_content(arrival.reader)
        self.setTimeout(settings.data_timeout or None)
        self._say(answers.CONTENT)

    def do_RSET(self, rest: str) -> None:
        """Forget the mail."""
        _refuse_argument(rest)
        self._envelope = None
        self._answer(answers.RESET)

    def do_NOOP(self, rest: str) -> None:
        """Do nothing."""
        self._answer(answers.NOTHING)

    def do_QUIT(self, rest: str) -> None:
        """Say good-bye."""
        _refuse_argument(rest)
        self.close(answers.GOOD_BYE)

    def do_VRFY(self, rest: str) -> None:
        """Tell nothing about an address (RFC 5321 7.3)."""
        if not rest:
            raise Refusal(answers.SYNTAX)
        self._answer(answers.NOT_VERIFIED)

    def do_EXPN(self, rest: str) -> None:
        """There are no lists here."""
        self._answer(answers.NOT_IMPLEMENTED)

    def do_HELP(self, rest: str) -> None:
        """Help little."""
        self._answer(answers.COMMANDS)

    def do_STARTTLS(self, rest: str) -> None:
        """Go on in TLS, and forget what came before, also what came too early.

        (RFC 3207 4.2)
        """
        _refuse_argument(rest)
        if self.is_secure:
            raise Refusal(answers.TLS_ALREADY)
        if not self.canStartTLS:
            raise Refusal(answers.NOT_IMPLEMENTED)
        self._intake.discard()
        self._envelope = None
        self._say(answers.BEGIN_TLS)
        self.transport.startTLS(self.ctx)
        self.startedTLS = self.is_secure = True
        self._peer = Peer(host=self._peer.host, is_secure=True)

    # -- within -------------------------------------------------------------------

    def _command(self, line: bytes) -> None:
        verb, argument = read_command(line)
        end = self._patience.ends_at(verb, self._around.clock.seconds())
        if end is not None:
            raise Refusal(end)
        method = self.lookupMethod(verb) or self.do_UNKNOWN
        wants_tls = self._around.settings.requires_tls and not self.is_secure
        if wants_tls and verb not in _BEFORE_TLS:
            raise Refusal(answers.TLS_FIRST)
        method(argument)

    def _greet(self, name: str) -> None:
        if not name:
            raise Refusal(answers.SYNTAX)
        self._envelope = None
        self._peer = msgspec.structs.replace(self._peer, name=name[:_LONGEST_NAME])

    def _ask(self, question: Callable[..., Reply | None], *about: object) -> None:
        """Let the handler refuse a command."""
        try:
            refusal = question(self._peer, *about)
        except Exception:
            self._log.failure("a mail handler failed")
            refusal = answers.FAILED
        if refusal is not None:
            raise Refusal(refusal)

    def _hand_over(self, arrival: Arrival) -> None:
        """Give the mail to the handler; its reply is the next one."""
        assert self._envelope is not None
        mail = ReceivedMail(
            peer=self._peer,
            envelope=self._envelope,
            content=arrival.body,
            received=self._around.now(),
        )
        self._arrival = None
        self._is_asking = True
        self.setTimeout(ANSWER_TIMEOUT)
        self._hold(Hold.ANSWER)
        Deferred.fromCoroutine(self._handle(mail)).addCallback(self._handled)

    async def _handle(self, mail: ReceivedMail) -> Reply:
        try:
            reply = await self._around.handler.mail(mail)
        except Exception:
            self._log.failure("a mail handler failed")
            reply = answers.FAILED
        if not reply.is_ok:
            mail.content.close()
        return reply

    def _handled(self, reply: Reply) -> None:
        self._is_asking = False
        if self._is_closing:
            return
        self._end_mail(reply)
        self._release(Hold.ANSWER)

    def _end_mail(self, reply: Reply) -> None:
        """Send the reply to a mail; another may begin."""
        self._envelope = None
        self._patience.mail_ended(reply, self._around.clock.seconds())
        if reply.code == answers.CLOSING.code:
            self.close(reply)
            return
        self._say(reply)
        if self._is_draining:
            self.close(answers.CLOSING)
        else:
            self.setTimeout(self.timeout)

    def _drop_content(self) -> None:
        if self._arrival is not None:
            self._arrival.drop()
        self._arrival = None

    def _answer(self, reply: Reply) -> None:
        """Reply to a command, or close if too many were wrong or this says so."""
        if not self._patience.bears(reply):
            self.close(answers.TOO_MANY_ERRORS)
        elif reply.code == answers.CLOSING.code:
            self.close(reply)
        else:
            self._say(reply)

    def _say(self, reply: Reply) -> None:
        self.sendCode(reply.code, answers.message_of(reply))

    def _hold(self, why: Hold) -> None:
        if not self._is_closing:
            self._intake.hold(why)

    def _release(self, why: Hold) -> None:
        if self._is_closing:
            return
        self._intake.release(why)
        if self._is_paused and not self._intake.is_held:
            self._resume()

    def _resume(self) -> None:
        self._is_paused = False
        self.transport.resumeProducing()


def _refuse_argument(rest: str) -> None:
    if rest:
        raise Refusal(answers.SYNTAX)
