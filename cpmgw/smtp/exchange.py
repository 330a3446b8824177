"""One mail on a connection, from the side that sends (RFC 5321 3.3, RFC 2920 3.1).

MAIL, its RCPTs and DATA go out at once where the relay offers PIPELINING, else one by
one. The machine takes replies and says what follows; it writes nothing itself.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final

import msgspec

from cpmgw.smtp.commands import check_carriage, mail_command, rcpt_command
from cpmgw.smtp.errors import Refused, SmtpSyntaxError
from cpmgw.smtp.extensions import Extensions
from cpmgw.smtp.interfaces import Envelope, Recipient, Reply, Sent

_DOT: Final = b".\r\n"
_GO_AHEAD: Final = 354


class Stage(Enum):
    """The command that a reply answers."""

    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    END = "."


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What follows a reply: octets to write, the content, or an outcome; or nothing."""

    write: bytes = b""
    content: bool = False
    outcome: Sent | Refused | None = None


_WAIT: Final = Next()
_Command = tuple[Stage, Recipient | None, bytes]


class Exchange:
    """A mail under way; `after_refusal` where the one before was left half-way.

    It `is_open` while the relay has a transaction that only RSET would end. Raises
    TooLarge or CannotCarry for a relay that cannot have this mail.
    """

    def __init__(
        self, envelope: Envelope, offered: Extensions, size: int, *, after_refusal: bool
    ) -> None:
        check_carriage(envelope, offered, size)
        commands: list[_Command] = []
        if after_refusal:
            commands.append((Stage.RSET, None, b"RSET\r\n"))
        commands.append((Stage.MAIL, None, mail_command(envelope, offered, size)))
        for recipient in envelope.recipients:
            octets = rcpt_command(recipient, offered)
            commands.append((Stage.RCPT, recipient, octets))
        commands.append((Stage.DATA, None, b"DATA\r\n"))
        self._envelope = envelope
        self._commands = deque(commands)
        self._at_once = len(commands) if offered.pipelining else 1
        self._awaited: deque[tuple[Stage, Recipient | None]] = deque()
        self._accepted = 0
        self._refused: list[tuple[Recipient, Reply]] = []
        self._refusal: Refused | None = None
        self.is_open = after_refusal

    @property
    def refusal(self) -> Refused | None:
        """What refuses the mail for sure, as far as the relay has answered."""
        asked = len(self._envelope.recipients)
        if self._refusal is not None or len(self._refused) == asked:
            return self._whole_refusal()
        return None

    def begin(self) -> bytes:
        """What is written first."""
        return self._take()

    def answered(self, reply: Reply) -> Next:
        """What follows a reply; SmtpSyntaxError for one that makes no sense there."""
        stage, recipient = self._awaited.popleft()
        if stage is Stage.END:
            return self._ended(reply)
        if stage is Stage.DATA:
            return self._data(reply)
        if reply.code // 100 == 3 or (stage is Stage.RSET and not reply.is_ok):
            raise _nonsense(reply, stage)
        if stage is Stage.RSET:
            self.is_open = False
        elif stage is Stage.MAIL:
            self._mail(reply)
        elif recipient is not None:
            self._rcpt(recipient, reply)
        return self._go_on()

    def _take(self) -> bytes:
        """The octets of the commands that go out together."""
        octets = b""
        for _ in range(self._at_once):
            stage, recipient, command = self._commands.popleft()
            self._awaited.append((stage, recipient))
            octets += command
        return octets

    def _mail(self, reply: Reply) -> None:
        if reply.is_ok:
            self.is_open = True
        else:
            self._refusal = Refused(reply, Stage.MAIL.value)

    def _rcpt(self, recipient: Recipient, reply: Reply) -> None:
        if reply.is_ok:
            self._accepted += 1
        else:
            self._refused.append((recipient, reply))

    def _go_on(self) -> Next:
        if self._awaited:
            return _WAIT
        nobody = self._commands[0][0] is Stage.DATA and not self._accepted
        if self._refusal is not None or nobody:
            return Next(outcome=self._whole_refusal())
        return Next(write=self._take())

    def _data(self, reply: Reply) -> Next:
        if reply.code == _GO_AHEAD:
            self._awaited.append((Stage.END, None))
            if self._refusal is None and self._accepted:
                return Next(content=True)
            self._refusal = self._whole_refusal()
            return Next(write=_DOT)  # an empty mail to nobody (RFC 2920 3.1)
        if reply.is_ok:
            raise _nonsense(reply, Stage.DATA)
        if self._refusal is None and self._accepted:
            self._refusal = Refused(reply, Stage.DATA.value)
        return Next(outcome=self._whole_refusal())

    def _ended(self, reply: Reply) -> Next:
        self.is_open = False
        if self._refusal is not None:
            return Next(outcome=self._refusal)
        if reply.code // 100 == 3:
            raise _nonsense(reply, Stage.END)
        if not reply.is_ok:
            return Next(outcome=Refused(reply, Stage.END.value))
        return Next(outcome=Sent(reply=reply, refused=tuple(self._refused)))

    def _whole_refusal(self) -> Refused:
        """What refuses the mail as a whole.

        Of the replies to several recipients it is the first that is temporary, if any.
        """
        if self._refusal is not None:
            return self._refusal
        replies = [reply for _, reply in self._refused]
        reply = next((each for each in replies if each.is_temporary), replies[0])
        return Refused(reply, Stage.RCPT.value)


def _nonsense(reply: Reply, stage: Stage) -> SmtpSyntaxError:
    return SmtpSyntaxError(f"{stage.value} answered with {reply.code}")
