"""Everything that can go wrong in SMPP, as one tree.

What can be answered on the wire carries the command_status that answers it.
"""

from __future__ import annotations

from txsmpp.status import CommandStatus, status_name


class SmppError(Exception):
    """The root of this package's errors."""


class CannotEncode(SmppError, ValueError):
    """A value that SMPP cannot carry in this field; nothing was sent."""

    def __init__(self, field: str, detail: str, command_status: int) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.command_status = command_status


class TlvError(SmppError, ValueError):
    """An optional parameter whose value is not of the kind its tag asks for."""

    def __init__(self, tag: int, detail: str) -> None:
        super().__init__(f"TLV 0x{tag:04x}: {detail}")
        self.tag = tag
        self.command_status = CommandStatus.ESME_RINVOPTPARAMVAL


class InvalidPdu(SmppError):
    """Octets from a peer that are no PDU, with what the answer needs (3.2, 4.3).

    `fatal` says that the start of the next PDU cannot be told any more, so that the
    connection has to be closed once the answer is out.
    """

    fatal = False

    def __init__(
        self,
        command_status: int,
        detail: str,
        *,
        command_id: int = 0,
        sequence_number: int = 0,
    ) -> None:
        super().__init__(f"{status_name(command_status)}: {detail}")
        self.command_status = command_status
        self.detail = detail
        self.command_id = command_id
        self.sequence_number = sequence_number


class FramingLost(InvalidPdu):
    """A command_length that is too small or beyond the limit."""

    fatal = True


class BindFailed(SmppError):
    """The peer refused the bind or the outbind with this command_status."""

    def __init__(self, command_status: int) -> None:
        super().__init__(status_name(command_status))
        self.command_status = command_status


class NotBound(SmppError):
    """No session that may carry the request became available in time."""


class QueueFull(SmppError):
    """More requests wait to be sent than the limit allows."""


class ResponseTimeout(SmppError):
    """The request was sent; no answer came in time. It may have been carried out."""


class ConnectionLost(SmppError):
    """The request was sent; the connection ended before the answer."""


class ProtocolError(SmppError):
    """The peer did what SMPP forbids, such as answering with the wrong PDU."""
