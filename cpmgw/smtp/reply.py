"""Replies of an SMTP server, out of octets (RFC 5321 4.2, RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.smtp.errors import SmtpSyntaxError
from cpmgw.smtp.interfaces import Reply

# RFC 5321 4.5.3.1.5 has 512 octets a line; real relays say more than that.
LONGEST_LINE: Final = 2_048
MOST_LINES: Final = 100
# Characters of a text that is handed on: into errors, logs, and answers of SIP.
LONGEST_TEXT: Final = 200

# Reply-code [ ("-" / SP) textstring ]: some relays send the code alone.
_LINE: Final = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
# class "." subject "." detail (RFC 3463 2), and no other dot after it.
_ENHANCED: Final = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |\Z)")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class ReplyReader:
    """Makes replies of what a server sends.

    The text of a reply has its lines joined by a line feed. Other control characters in
    it are spaces, and an enhanced code is taken out of every line.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._code = 0
        self._lines: list[str] = []

    @property
    def pending(self) -> bool:
        """Whether more has come than the replies that were taken."""
        return bool(self._buffer or self._lines)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._buffer += data

    def next(self) -> Reply | None:
        """The next whole reply, None while there is none.

        SmtpSyntaxError for what is none, and for lines too long or too many.
        """
        while True:
            end = self._buffer.find(b"\n")
            if (len(self._buffer) if end < 0 else end) > LONGEST_LINE:
                raise SmtpSyntaxError("a line of a reply is too long")
            if end < 0:
                return None
            line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            if self._take(line.removesuffix(b"\r")):
                lines, self._lines = self._lines, []
                return _reply(self._code, lines)

    def _take(self, line: bytes) -> bool:
        """Take a line; tells whether it is the last of its reply."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise SmtpSyntaxError("not a reply of SMTP")
        code = int(match[1])
        if self._lines and code != self._code:
            raise SmtpSyntaxError("a reply with several codes")
        if len(self._lines) >= MOST_LINES:
            raise SmtpSyntaxError("a reply has too many lines")
        self._code = code
        text = (match[3] or b"").decode("utf-8", "replace")
        self._lines.append(_CONTROLS.sub(" ", text))
        return match[2] != b"-"


def shortened(reply: Reply) -> Reply:
    """A reply as it may be handed on: its text in one line, and not too long."""
    text = " ".join(reply.text.split("\n"))
    return msgspec.structs.replace(reply, text=text[:LONGEST_TEXT])


def _reply(code: int, lines: list[str]) -> Reply:
    enhanced = ""
    texts = []
    for line in lines:
        match = _ENHANCED.match(line)
        if match is not None and int(line[0]) == code // 100:
            enhanced = enhanced or match[1]
            line = line[match.end() :]
        texts.append(line.strip())
    return Reply(code, "\n".join(texts), enhanced)
