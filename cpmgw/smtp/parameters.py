"""Reading commands, and the arguments of MAIL and RCPT (RFC 5321 4.1.1).

With SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET, ENVID, NOTIFY and ORCPT
(RFC 3461), and BY (RFC 2852).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from cpmgw.smtp import answers, xtext
from cpmgw.smtp.answers import Refusal
from cpmgw.smtp.errors import SmtpSyntaxError
from cpmgw.smtp.interfaces import DeliverBy, Envelope, Recipient, Reply
from cpmgw.smtp.paths import read_path

# Characters of ENVID and of ORCPT before they are xtext (RFC 3461 4.2, 4.4).
LONGEST_ENVELOPE_ID: Final = 100
LONGEST_ORIGINAL: Final = 500

# size-value = 1*20DIGIT (RFC 1870 3)
_SIZE: Final = re.compile(r"[0-9]{1,20}")
# by-value = by-time ";" by-mode [by-trace] ; by-time = ["-" / "+"] 1*9DIGIT
_BY: Final = re.compile(r"([+-]?[0-9]{1,9});([NR])(T?)", re.IGNORECASE)
# original-recipient-address = addr-type ";" xtext
_ORIGINAL: Final = re.compile(r"([A-Za-z0-9-]+);(.+)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOTIFY: Final = frozenset(("SUCCESS", "FAILURE", "DELAY"))

_Read = Callable[[str], dict[str, Any]]


def read_command(line: bytes) -> tuple[str, str]:
    """The verb in capitals, and what follows it; Refusal if it is no line of text."""
    try:
        text = line.decode().strip(" ")
    except UnicodeDecodeError as error:
        raise Refusal(answers.UNREADABLE) from error
    if _CONTROL.search(text):
        raise Refusal(answers.UNREADABLE)
    verb, _, argument = text.partition(" ")
    return verb.upper(), argument.strip(" ")


def read_mail(argument: str, max_size: int) -> Envelope:
    """Read what follows MAIL: an envelope without recipients.

    Refusal where it cannot be read, or announces more octets than `max_size`.
    """
    sender, parameters = _read(argument, "FROM:", answers.BAD_SENDER)
    envelope = Envelope(
        sender=sender, recipients=(), **_values(parameters, _MAIL_PARAMETERS)
    )
    if not envelope.utf8 and not argument.isascii():
        raise Refusal(answers.NOT_ASCII)
    if envelope.size > max_size:
        raise Refusal(answers.TOO_LARGE)
    return envelope


def read_rcpt(argument: str, envelope: Envelope) -> Recipient:
    """Read what follows RCPT, with the envelope of its MAIL; Refusal if it cannot."""
    address, parameters = _read(argument, "TO:", answers.BAD_RECIPIENT)
    if not address:
        raise Refusal(answers.BAD_RECIPIENT)
    if not envelope.utf8 and not argument.isascii():
        raise Refusal(answers.NOT_ASCII)
    return Recipient(address=address, **_values(parameters, _RCPT_PARAMETERS))


def _read(argument: str, keyword: str, bad_path: Reply) -> tuple[str, list[str]]:
    """The address, and the parameters as they stand."""
    if argument[: len(keyword)].upper() != keyword:
        raise Refusal(answers.SYNTAX)
    try:
        address, rest = read_path(argument[len(keyword) :].lstrip(" "))
    except Refusal as refusal:
        if refusal.reply is answers.SYNTAX:
            raise Refusal(bad_path) from refusal
        raise
    return address, rest.split()


def _values(parameters: list[str], known: Mapping[str, _Read]) -> dict[str, Any]:
    """The fields that parameters are about."""
    seen: set[str] = set()
    values: dict[str, Any] = {}
    for each in parameters:
        keyword, _, value = each.partition("=")
        name = keyword.upper()
        read = known.get(name)
        if read is None:
            raise Refusal(answers.UNKNOWN_PARAMETER)
        if name in seen:
            raise Refusal(answers.TWICE)
        seen.add(name)
        values |= read(value)
    return values


def _size(value: str) -> dict[str, Any]:
    return {"size": int(_matched(_SIZE, value)[0])}


def _body(value: str) -> dict[str, Any]:
    return {"body": _one_of(value, ("7BIT", "8BITMIME"))}


def _utf8(value: str) -> dict[str, Any]:
    if value:
        raise Refusal(answers.BAD_PARAMETER)
    return {"utf8": True}


def _returns(value: str) -> dict[str, Any]:
    return {"returns": _one_of(value, ("FULL", "HDRS"))}


def _envelope_id(value: str) -> dict[str, Any]:
    return {"envelope_id": _text(value, LONGEST_ENVELOPE_ID)}


def _deliver_by(value: str) -> dict[str, Any]:
    match = _matched(_BY, value)
    seconds, is_returned = int(match[1]), match[2] in "Rr"
    if is_returned and seconds <= 0:  # RFC 2852 4
        raise Refusal(answers.BAD_PARAMETER)
    mode: Literal["N", "R"] = "R" if is_returned else "N"
    return {"deliver_by": DeliverBy(seconds, mode, trace=bool(match[3]))}


def _notify(value: str) -> dict[str, Any]:
    wanted = tuple(value.upper().split(","))
    if wanted != ("NEVER",) and not (_NOTIFY.issuperset(wanted)):
        raise Refusal(answers.BAD_PARAMETER)
    if len(set(wanted)) < len(wanted):
        raise Refusal(answers.BAD_PARAMETER)
    return {"notify": wanted}


def _original(value: str) -> dict[str, Any]:
    match = _matched(_ORIGINAL, value)
    room = LONGEST_ORIGINAL - len(match[1]) - 1
    return {"original": f"{match[1]};{_text(match[2], room)}"}


_MAIL_PARAMETERS: Final[Mapping[str, _Read]] = {
    "SIZE": _size,
    "BODY": _body,
    "SMTPUTF8": _utf8,
    "RET": _returns,
    "ENVID": _envelope_id,
    "BY": _deliver_by,
}
_RCPT_PARAMETERS: Final[Mapping[str, _Read]] = {
    "NOTIFY": _notify,
    "ORCPT": _original,
}


def _matched(pattern: re.Pattern[str], value: str) -> re.Match[str]:
    match = pattern.fullmatch(value)
    if match is None:
        raise Refusal(answers.BAD_PARAMETER)
    return match


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value.upper() not in known:
        raise Refusal(answers.BAD_PARAMETER)
    return value.upper()


def _text(value: str, longest: int) -> str:
    """What xtext stands for, if it is not empty, nor too long, nor more than a line."""
    try:
        text = xtext.decode(value)
    except SmtpSyntaxError as error:
        raise Refusal(answers.BAD_PARAMETER) from error
    if not 0 < len(text) <= longest or _CONTROL.search(text):
        raise Refusal(answers.BAD_PARAMETER)
    return text
