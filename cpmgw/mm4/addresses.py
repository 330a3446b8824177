"""Addresses of MM4: numbers, and what else a mail address may be (TS 23.140 8.4.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final

import msgspec

from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.limits import MAX_ADDRESS


class AddressKind(Enum):
    """What an address is of, as its /TYPE= says; EMAIL has none, OTHER one of others.

    The value of an OTHER is all of its local part.
    """

    PLMN = "PLMN"
    IPV4 = "IPv4"
    IPV6 = "IPv6"
    EMAIL = ""
    OTHER = "?"


_KINDS: Final = {
    "plmn": AddressKind.PLMN,
    "ipv4": AddressKind.IPV4,
    "ipv6": AddressKind.IPV6,
}
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,20}")
# What parts the digits of a number; a trunk prefix is not dialled after "+44".
_SEPARATORS: Final = re.compile(r"\(0\)|[\s().-]")
# Digits in parentheses at or in a number are part of it, and no comment.
_AREA_CODE: Final = re.compile(
    r'(?<![^\s<"+0-9.-])\((?!0\))(\+?[0-9][0-9 .-]{0,20})\)(?=[ .-]*[0-9])'
)
# "friends:" before the first address of a group (RFC 5322 3.4), "@a,@b:" before one
# (RFC 5322 4.4).
_GROUP: Final = re.compile(
    r'\A *(?=[^:]*[A-Za-z"])(?:"[^\x00-\x1f"]{0,200}" *|[^\x00-\x1f":@/\[\\]{1,200}):'
)
_ROUTE: Final = re.compile(r"\A\s*@[^:<>]{1,500}:")
_TYPE: Final = re.compile(r"\s*/\s*TYPE\s*=\s*([A-Za-z0-9-]{1,20}).*", re.I | re.S)
_DOMAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.IPVv]{2,60}\]")
# Neither space nor what has a meaning in a list of addresses or a command of SMTP.
_LOCAL: Final = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]+")
_VALUE: Final = re.compile(r"[!#-'*+\-./0-9:=?A-Z^-~]+")


class Address(msgspec.Struct, frozen=True):
    """An address: its kind, its value, and the domain, which may be empty."""

    kind: AddressKind
    value: str
    domain: str = ""

    @property
    def text(self) -> str:
        """It as it is written: "+15550100/TYPE=PLMN@mms.test"."""
        typed = self.kind not in (AddressKind.EMAIL, AddressKind.OTHER)
        local = f"{self.value}/TYPE={self.kind.value}" if typed else self.value
        return f"{local}@{self.domain}" if self.domain else local


def plmn(number: str, domain: str) -> str:
    """Write a number as an address; Mm4Error where it, or the domain, is none."""
    if not _NUMBER.fullmatch(number) or not _DOMAIN.fullmatch(domain):
        raise Mm4Error("no number, or no domain, for an address")
    return Address(AddressKind.PLMN, number, domain).text


def system_address(domain: str) -> str:
    """The address of an MMS relay itself (TS 23.140 8.4.5)."""
    if not _DOMAIN.fullmatch(domain):
        raise Mm4Error("no domain for a system address")
    return f"system-user@{domain}"


def number_of(text: str) -> str:
    """Give the number of an address, "+15550100" or a short one; "" if it has none."""
    try:
        address = read_address(text)
    except Mm4Error:
        return ""
    return address.value if address.kind is AddressKind.PLMN else ""


def read_address(text: str) -> Address:
    """Read one address, whatever is around it; Mm4Error if there is none.

    With or without <>, display name, comments, quotes and domain; /TYPE= in any case.
    Without /TYPE=, a number is one if it has no domain, or begins with "+".
    """
    return _address(_bare(text))


def read_addresses(texts: tuple[str, ...], limit: int) -> tuple[Address, ...]:
    """Read a field's lists of addresses; Mm4Error if there are more than a limit.

    What is no address is left out.
    """
    found: list[Address] = []
    for piece in (piece for text in texts for piece in _split(text)):
        try:
            found.append(read_address(piece))
        except Mm4Error:
            continue
        if len(found) > limit:
            raise Mm4Error(f"more than {limit} addresses")
    return tuple(found)


def _split(text: str) -> Iterator[str]:
    """Split a list at what separates addresses: outside quotes, comments, brackets."""
    start = depth = 0
    quoted = angle = escaped = False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character in "<>":
            angle = character == "<"
        elif character in ",;" and not depth and not angle:
            yield text[start:position]
            start = position + 1
    yield text[start:]


def _bare(text: str) -> str:
    """Take away comments, the display name and the angle brackets (RFC 5322 3.4)."""
    if len(text) > 4 * MAX_ADDRESS:
        raise Mm4Error("an address that is too long")
    kept: list[str] = []
    depth = 0
    quoted = escaped = False
    for character in _AREA_CODE.sub(r"\1", text):
        if not escaped and character == '"' and not depth:
            quoted = not quoted
        if not quoted and not escaped and character == "(":
            depth += 1
        if not depth:
            kept.append("\x00" if quoted and character in "<>" else character)
        if not quoted and not escaped and character == ")" and depth:
            depth -= 1
        escaped = not escaped and character == "\\"
    bare = "".join(kept)
    opening = bare.rfind("<")
    if opening >= 0:
        bare = bare[opening + 1 :].partition(">")[0]
    return _without_prefix(bare).strip()


def _without_prefix(bare: str) -> str:
    """Take away the name of a group, or a route."""
    typed = _TYPE.search(bare)
    if typed and typed[1].lower() == "ipv6":
        return bare
    return _GROUP.sub("", _ROUTE.sub("", bare))


def _address(bare: str) -> Address:
    local, _, domain = bare.rpartition("@") if "@" in bare else (bare, "", "")
    local = _unquoted(local.strip())
    domain = domain.strip().rstrip(".")
    if not local or len(local) + len(domain) >= MAX_ADDRESS:
        raise Mm4Error("no address, or one that is too long")
    if domain and not _DOMAIN.fullmatch(domain):
        raise Mm4Error("an address of no domain")
    typed = _TYPE.search(local)
    if typed:
        return _typed(local, typed, domain)
    number = _SEPARATORS.sub("", local)
    if _NUMBER.fullmatch(number) and (not domain or number.startswith("+")):
        return Address(AddressKind.PLMN, number, domain)
    if not _LOCAL.fullmatch(local):
        raise Mm4Error("an address with characters that are of none")
    return Address(AddressKind.EMAIL if domain else AddressKind.OTHER, local, domain)


def _typed(local: str, typed: re.Match[str], domain: str) -> Address:
    kind = _KINDS.get(typed[1].lower(), AddressKind.OTHER)
    value = local[: typed.start()].strip()
    if kind is AddressKind.PLMN:
        number = _SEPARATORS.sub("", value)
        if _NUMBER.fullmatch(number):
            return Address(kind, number, domain)
        kind = AddressKind.OTHER
    if kind is AddressKind.OTHER:
        value = f"{value}/TYPE={typed[1]}"
    if not _VALUE.fullmatch(value):
        raise Mm4Error("an address with characters that are of none")
    return Address(kind, value, domain)


def _unquoted(local: str) -> str:
    """Undo the quoted-string of a local part (RFC 5322 3.2.4)."""
    if len(local) > 1 and local[0] == local[-1] == '"':
        return re.sub(r"\\(.)", r"\1", local[1:-1]).strip()
    return local
