"""What a user of SMTP sees of it: relays that mail goes to, and mail that comes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal

import msgspec
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from cpmgw.bodies.interfaces import IBody


class Reply(msgspec.Struct, frozen=True):
    """The answer to an SMTP command: its code, its text, and RFC 3463's code if any."""

    code: int
    text: str = ""
    enhanced: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether it was done."""
        return self.code < 400

    @property
    def is_temporary(self) -> bool:
        """Whether it may be done another time (RFC 5321 4.2.1)."""
        return 400 <= self.code < 500


class DeliverBy(msgspec.Struct, frozen=True):
    """By when, and what else (RFC 2852 4): "N"otify or "R"eturn after so many seconds.

    With `trace`, each relay is asked to say that it took it.
    """

    seconds: int
    mode: Literal["N", "R"] = "N"
    trace: bool = False


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One RCPT: the address without <>, and what RFC 3461 4.1 and 4.2 add.

    `notify` is any of "SUCCESS", "FAILURE", "DELAY", or "NEVER"; `original` is ORCPT
    as type and address, the xtext undone ("rfc822;+15550100/TYPE=PLMN@mms.test").
    """

    address: str
    notify: tuple[str, ...] = ()
    original: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with MAIL and RCPT; an empty `sender` is the null reverse-path.

    `size` is in octets, 0 where it is not known (RFC 1870). `body` is that of RFC 6152,
    `utf8` asks for RFC 6531, `envelope_id` and `returns` are those of RFC 3461 4.3 and
    4.4. What a relay does not know is not sent to it: of these only `utf8`, "8BITMIME"
    and a `deliver_by` to be returned keep a mail from it.
    """

    sender: str
    recipients: tuple[Recipient, ...]
    size: int = 0
    body: Literal["7BIT", "8BITMIME"] = "7BIT"
    utf8: bool = False
    envelope_id: str = ""
    returns: Literal["", "FULL", "HDRS"] = ""
    deliver_by: DeliverBy | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that a relay has taken, and those of its recipients that it has not."""

    reply: Reply
    refused: tuple[tuple[Recipient, Reply], ...] = ()


class IMailRelay(Interface):
    """One relay that mail goes to, or whatever relays of a domain there are."""

    name: str = Attribute("Its name in the configuration.")
    is_up: bool = Attribute(
        "Whether it could be reached last, and answered mail, or was not tried yet."
    )
    waiting: int = Attribute("How many mails wait or are under way.")

    def send(envelope: Envelope, content: IBody) -> Deferred[Sent]:
        """Send a mail, its lines ended by CRLF and its dots not yet doubled.

        Fires once the relay has taken it. Fails with a SmtpError: NotSent, Refused,
        TooLarge or CannotCarry where it did not leave or was not taken, Unanswered
        where it may have been. Cancelling it takes it back as long as it waits. The
        body stays its owner's, who closes it after that.
        """


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the other end of a connection that mail comes by.

    `host` is its IP address, `name` what it said at EHLO or HELO.
    """

    host: str
    name: str = ""
    is_secure: bool = False


class ReceivedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A whole mail; whoever gets it closes the body.

    The lines of the content end in CRLF, its dots are not doubled; `received` is in
    seconds since 1970.
    """

    peer: Peer
    envelope: Envelope
    content: IBody
    received: float


class IMailHandler(Interface):
    """Who takes the mail that comes; asked in the order of SMTP."""

    def sender(peer: Peer, envelope: Envelope) -> Reply | None:
        """What refuses a MAIL, None if it may go on; without recipients yet."""

    def recipient(peer: Peer, envelope: Envelope, recipient: Recipient) -> Reply | None:
        """What refuses a RCPT; the envelope has those taken before."""

    def mail(mail: ReceivedMail) -> Awaitable[Reply]:
        """The mail is here; the reply to its last dot: 250 only when it is safe."""
