"""What goes wrong in SIP: octets that are no message, requests that nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpmgw.errors import CpmgwError

if TYPE_CHECKING:
    from cpmgw.sip.message import Response


class SipError(CpmgwError):
    """Whatever the SIP part raises on purpose."""


class SipSyntaxError(SipError):
    """Octets, or a header value, that break the grammar (RFC 3261 25, RFC 4475).

    `status` and `reason` are the answer's status line; `answer` is the whole response
    to send, or None where none may or can be sent: to an ACK, to a response, or when
    no Via tells where to; `headers` are further header fields of the answer.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int = 400,
        answer: Response | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.answer = answer
        self.headers = headers


class SipEncodeError(SipError):
    """A message that cannot be written: what is no line of UTF-8 (RFC 3261 7)."""


class TransactionTimeout(SipError):
    """No final response came in time (RFC 3261 17.1: timers B and F)."""


class TransportFailed(SipError):
    """No transport could carry the message to its destination (RFC 3261 18.4).

    `sent`: it, or a part of it, may have left before that.
    """

    def __init__(self, reason: str = "", *, sent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
