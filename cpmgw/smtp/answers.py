"""What the server answers by itself (RFC 5321 4.2, RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
from typing import Final

from cpmgw.smtp.errors import SmtpSyntaxError
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.settings import ServerSettings

# The reply line has 512 octets with code, enhanced code and CRLF (RFC 5321 4.5.3.1.5).
_LONGEST_TEXT: Final = 480
_UNFIT: Final = re.compile(r"[^ -~]+")

# -- done

RESET: Final = Reply(250, "Nothing is under way", "2.0.0")
NOTHING: Final = Reply(250, "OK", "2.0.0")
SENDER: Final = Reply(250, "Sender taken", "2.1.0")
RECIPIENT: Final = Reply(250, "Recipient taken", "2.1.5")
CONTENT: Final = Reply(354, "End with a dot on a line of its own")
NOT_VERIFIED: Final = Reply(252, "Cannot tell, send mail and see", "2.1.5")
COMMANDS: Final = Reply(214, "See RFC 5321", "2.0.0")
BEGIN_TLS: Final = Reply(220, "Begin TLS", "2.0.0")
GOOD_BYE: Final = Reply(221, "Good bye", "2.0.0")

# -- refused commands

UNKNOWN: Final = Reply(500, "Unknown command", "5.5.2")
UNREADABLE: Final = Reply(500, "This is no line of text", "5.5.2")
COMMAND_TOO_LONG: Final = Reply(500, "Command too long", "5.5.6")
SYNTAX: Final = Reply(501, "Syntax error in argument", "5.5.4")
BAD_SENDER: Final = Reply(501, "Syntax error in sender", "5.1.7")
BAD_RECIPIENT: Final = Reply(501, "Syntax error in recipient", "5.1.3")
PATH_TOO_LONG: Final = Reply(501, "Address too long", "5.1.0")
BAD_PARAMETER: Final = Reply(501, "Bad value of parameter", "5.5.4")
TWICE: Final = Reply(501, "Parameter given twice", "5.5.4")
NOT_IMPLEMENTED: Final = Reply(502, "Not implemented", "5.5.1")
GREET_FIRST: Final = Reply(503, "EHLO first", "5.5.1")
SENDER_FIRST: Final = Reply(503, "MAIL first", "5.5.1")
NESTED: Final = Reply(503, "A mail is under way", "5.5.1")
TLS_ALREADY: Final = Reply(503, "TLS is in use", "5.5.1")
TLS_FIRST: Final = Reply(530, "STARTTLS first", "5.7.0")
TOO_LARGE: Final = Reply(552, "Too large", "5.3.4")
NOT_ASCII: Final = Reply(553, "Not in US-ASCII, and no SMTPUTF8", "5.6.7")
NO_RECIPIENTS: Final = Reply(554, "No valid recipients", "5.5.1")
UNKNOWN_PARAMETER: Final = Reply(555, "Unknown parameter", "5.5.4")
TOO_MANY_RECIPIENTS: Final = Reply(452, "Too many recipients", "4.5.3")

# -- refused mails

NO_ROOM: Final = Reply(452, "No room at present", "4.3.1")
FAILED: Final = Reply(451, "Failed here, try again", "4.3.0")
BARE_NEWLINES: Final = Reply(554, "Has CR or LF that are not CRLF", "5.6.0")
HAS_NUL: Final = Reply(554, "Has NUL octets", "5.6.0")
LINE_TOO_LONG: Final = Reply(554, "Has a line that is too long", "5.6.0")

# -- refused connections

NOT_FOR_YOU: Final = Reply(554, "No SMTP service for you", "5.7.1")
TURNED_AWAY: Final = Reply(503, "Nothing but QUIT", "5.5.1")
TOO_MANY: Final = Reply(421, "Too many connections", "4.3.2")
TOO_MANY_OF_YOURS: Final = Reply(421, "Too many connections of yours", "4.7.0")
TOO_MANY_MAILS: Final = Reply(421, "Enough mails, connect again", "4.7.0")
TOO_MANY_ERRORS: Final = Reply(421, "Too many errors", "4.7.0")
TOO_MANY_COMMANDS: Final = Reply(421, "Too many commands, no mail", "4.7.0")
TOO_SLOW: Final = Reply(421, "Waited in vain", "4.4.2")
CLOSING: Final = Reply(421, "Closing", "4.3.2")


class Refusal(SmtpSyntaxError):
    """A command that is not taken, and the reply to it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


def offers(settings: ServerSettings) -> dict[bytes, list[bytes] | None]:
    """What EHLO announces, by the settings alone."""
    own: dict[bytes, list[bytes] | None] = {
        b"SIZE": [b"%d" % settings.max_size],
        b"8BITMIME": None,
        b"SMTPUTF8": None,
        b"PIPELINING": None,
        b"ENHANCEDSTATUSCODES": None,
    }
    if settings.honours_dsn:
        own[b"DSN"] = own[b"DELIVERBY"] = None
    return own


def message_of(reply: Reply) -> bytes:
    """What stands after the code: one line, with the enhanced code (RFC 2034 4).

    A reply without one gets that of its class; 3yz have none.
    """
    enhanced = reply.enhanced
    if not enhanced and reply.code // 100 in (2, 4, 5):
        enhanced = f"{reply.code // 100}.0.0"
    text = _UNFIT.sub(" ", f"{enhanced} {reply.text}")[:_LONGEST_TEXT]
    return text.strip().encode("ascii")
