"""How long a client is borne with that talks and sends no mail (RFC 5321 7.8)."""

from __future__ import annotations

import math
from typing import Final

from cpmgw.smtp import answers
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.settings import ServerSettings

# Commands, but for RCPT, and seconds without a mail that has come to its end.
MOST_COMMANDS: Final = 300
LONGEST_WITHOUT_MAIL: Final = 3_600.0
# RCPTs of one mail, as a multiple of the recipients that it may have.
RECIPIENTS_TIMES: Final = 10

# Codes of answers that say that a client does not know what it does. Others refuse
# what it wants: it is not to be punished for unknown recipients.
_FAULTS: Final = frozenset((500, 501, 502, 503, 504, 530, 555))
# What follows the refusal of a MAIL or of all RCPTs where they were pipelined.
_CONSEQUENCES: Final = (answers.SENDER_FIRST, answers.NO_RECIPIENTS)


class Patience:
    """Counts what one connection does between its mails."""

    def __init__(self, settings: ServerSettings, now: float) -> None:
        self._most_errors = settings.errors_per_connection
        self._most_recipients = RECIPIENTS_TIMES * settings.recipients
        self._longest = LONGEST_WITHOUT_MAIL if settings.command_timeout else math.inf
        self._since = now
        self._commands = self._recipients = self._errors = 0

    def ends_at(self, verb: str, now: float) -> Reply | None:
        """What ends the connection at a command, None if it is answered."""
        if verb == "RCPT":
            self._recipients += 1
        else:
            self._commands += 1
        if verb == "MAIL":
            self._recipients = 0
        if self._commands > MOST_COMMANDS or self._recipients > self._most_recipients:
            return answers.TOO_MANY_COMMANDS
        return answers.TOO_SLOW if now - self._since > self._longest else None

    def bears(self, reply: Reply) -> bool:
        """Whether the connection goes on after this answer to a command."""
        self._errors += reply.code in _FAULTS and reply not in _CONSEQUENCES
        return self._errors <= self._most_errors

    def mail_ended(self, reply: Reply, now: float) -> None:
        """A mail has its reply; if it was taken, that makes good for errors."""
        self._since = now
        self._commands = 0
        if reply.is_ok:
            self._errors = 0
