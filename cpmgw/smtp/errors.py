"""What goes wrong with SMTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpmgw.errors import CpmgwError

if TYPE_CHECKING:
    from cpmgw.smtp.interfaces import Reply


class SmtpError(CpmgwError):
    """Whatever this room raises on purpose."""


class SmtpSyntaxError(SmtpError):
    """Octets that are not what the grammar asks for."""


class NotSent(SmtpError):
    """The mail did not leave: no connection in time, or the queue is full."""


class NotAdmitted(NotSent):
    """The relay has refused the connection, which says nothing of the mail.

    `stage` is what it answered so: "EHLO" (or the greeting), "STARTTLS" or "AUTH".
    """

    def __init__(self, reply: Reply, stage: str) -> None:
        super().__init__(f"{stage}: {reply.code} {reply.text}")
        self.reply = reply
        self.stage = stage


class Refused(SmtpError):
    """The relay has said no, to the mail or to each recipient; it did not take it.

    `stage` is the command that it answered so ("MAIL", "RCPT", "DATA", or "." for the
    mail itself).
    """

    def __init__(self, reply: Reply, stage: str) -> None:
        super().__init__(f"{stage}: {reply.code} {reply.text}")
        self.reply = reply
        self.stage = stage


class TooLarge(SmtpError):
    """The mail is larger than the relay says it takes (RFC 1870); it was not sent."""


class CannotCarry(SmtpError):
    """The relay lacks an extension without which this mail cannot go (RFC 6531)."""


class Unanswered(SmtpError):
    """The mail left whole and was not answered: the relay may have taken it."""
