"""ENUM: from an E.164 number to SIP URIs by NAPTR records (RFC 6116, 3402, 3403)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from cpmgw.addressing.ere import BadExpression, Expression
from cpmgw.addressing.names import uri_of_number
from cpmgw.cpm.identity import is_e164
from cpmgw.sip.uri import SipUri

# Of a zone that has more, the rest is not looked at.
MOST_RECORDS: Final = 16
MOST_RESULT: Final = 255

# enumservice = type *( ":" subtype ); that of SIP has no subtype (RFC 3764).
_E2U: Final = "e2u"
_SIP: Final = "sip"
# No delimiter: the digits of back-references, the flag, the escape (RFC 3402 3.2).
_NO_DELIMITER: Final = frozenset("0123456789iI\\")


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """A NAPTR record (RFC 3403 4.1); `replacement` is "" or "." for the root."""

    order: int
    preference: int
    flags: str
    services: str
    regexp: str
    replacement: str = ""


class Substitution(msgspec.Struct, frozen=True):
    """A substitution expression; `pieces` are texts and numbers of groups."""

    expression: Expression
    pieces: tuple[str | int, ...]

    def apply(self, text: str) -> str | None:
        """What the text becomes, None where the expression does not match it."""
        parts = self.expression.search(text)
        if parts is None:
            return None
        result = "".join(
            piece if isinstance(piece, str) else parts[piece] or ""
            for piece in self.pieces
        )
        return result if len(result) <= MOST_RESULT else None


def enum_domain(number: str, suffix: str) -> str:
    """The domain name that holds a number's records (RFC 6116 3.2): digits reversed."""
    if not is_e164(number):
        raise ValueError("no E.164 number")
    return ".".join(reversed(number[1:])) + "." + suffix.strip(".")


def sip_uris(number: str, pointers: Iterable[Pointer]) -> tuple[SipUri, ...]:
    """The SIP and SIPS URIs that the records give for a number, best first.

    Records of a higher order do not count once one of a lower order has matched (RFC
    3403 4.1). Those for other services, not terminal or malformed are passed over, and
    those whose URI is of another number.
    """
    found: list[SipUri] = []
    reached = 0
    usable = sorted(
        filter(_is_for_sip, pointers), key=lambda each: (each.order, each.preference)
    )
    for pointer in usable[:MOST_RECORDS]:
        if found and pointer.order > reached:
            break
        uri = _result(number, pointer)
        if uri is not None and uri not in found:
            found.append(uri)
            reached = pointer.order
    return tuple(found)


def _is_for_sip(pointer: Pointer) -> bool:
    """Whether a record is terminal and leads to SIP (RFC 6116 3.4.2, 3.4.3)."""
    if pointer.flags.lower() != "u" or pointer.replacement not in ("", "."):
        return False
    first, *services = pointer.services.lower().split("+")
    return first == _E2U and _SIP in services


def _result(number: str, pointer: Pointer) -> SipUri | None:
    try:
        text = substitution_of(pointer.regexp).apply(number)
    except BadExpression:
        return None
    return uri_of_number(text, number) if text else None


def substitution_of(text: str) -> Substitution:
    """Read `delim-char ere delim-char repl delim-char *flags`; BadExpression if none.

    A delimiter within the expression or the replacement stands behind a backslash.
    """
    delimiter = text[:1]
    if not delimiter or delimiter in _NO_DELIMITER:
        raise BadExpression("no delimiter")
    pattern, at = _until(delimiter, text, 1)
    replacement, at = _until(delimiter, text, at)
    flags = text[at:].lower()
    if flags not in ("", "i"):
        raise BadExpression("an unknown flag")
    expression = Expression(pattern, ignore_case=flags == "i")
    pieces = _pieces(replacement)
    if any(isinstance(each, int) and each > expression.groups for each in pieces):
        raise BadExpression("a back-reference to nothing")
    return Substitution(expression, pieces)


def _until(delimiter: str, text: str, start: int) -> tuple[str, int]:
    """The text up to a delimiter without backslash, and where it goes on after that."""
    at = start
    while at < len(text):
        if text[at] == delimiter:
            return text[start:at], at + 1
        at += 2 if text[at] == "\\" else 1
    raise BadExpression("a delimiter is missing")


def _pieces(replacement: str) -> tuple[str | int, ...]:
    """The text and the back-references of a replacement."""
    pieces: list[str | int] = []
    at = 0
    while at < len(replacement):
        character = replacement[at]
        if character != "\\":
            pieces.append(character)
            at += 1
            continue
        escaped = replacement[at + 1]  # _until leaves no backslash alone at the end
        if escaped == "0" or (escaped.isalpha() and escaped.isascii()):
            raise BadExpression("an escape without a meaning")
        pieces.append(int(escaped) if escaped in "123456789" else escaped)
        at += 2
    return tuple(pieces)
