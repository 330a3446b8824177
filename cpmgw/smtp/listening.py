"""The string that says where mail comes in: "tcp:2525:interface=127.0.0.1", or tls:."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.smtp.errors import SmtpError

DEFAULT_PORT: Final = 25

_KINDS: Final = {"tcp": False, "tls": True, "ssl": True}
_KEYS: Final = frozenset(("port", "interface", "backlog"))
_TLS_KEYS: Final = frozenset(("privateKey", "certKey", "extraCertChain"))
# What is between colons that no backslash protects
_PART: Final = re.compile(r"(?:[^:\\]|\\.)*")
_NUMBER: Final = re.compile(r"[0-9]{1,5}")


class BadListen(SmtpError):
    """A listen string that cannot be understood."""


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen; `key`, `certificate` and `chain` are PEM files of TLS."""

    port: int = DEFAULT_PORT
    interface: str = ""
    backlog: int = 50
    secure: bool = False
    key: str = ""
    certificate: str = ""
    chain: str = ""


def parse_listen(text: str) -> Listen:
    """Read a Twisted endpoint string; a colon inside a value is written ``\\:``."""
    kind, *rest = _split(text)
    secure = _KINDS.get(kind.lower())
    if secure is None:
        raise BadListen(f"{text!r}: not tcp or tls")
    values: dict[str, str] = {}
    for number, part in enumerate(rest):
        name, equals, value = part.partition("=")
        if not equals and number == 0:
            name, value = "port", part
        elif not equals or name in values:
            raise BadListen(f"{text!r}: {part!r} is not understood")
        values[name] = value
    unknown = values.keys() - (_KEYS | _TLS_KEYS if secure else _KEYS)
    if unknown:
        raise BadListen(f"{text!r}: unknown {', '.join(sorted(unknown))}")
    key = values.get("privateKey", "")
    if secure and not key:
        raise BadListen(f"{text!r}: privateKey is missing")
    return Listen(
        port=_number(text, values.get("port", str(DEFAULT_PORT))),
        interface=values.get("interface", ""),
        backlog=_number(text, values.get("backlog", "50")),
        secure=secure,
        key=key,
        certificate=values.get("certKey") or key,
        chain=values.get("extraCertChain", ""),
    )


def _split(text: str) -> list[str]:
    parts = []
    at = 0
    while True:
        match = _PART.match(text, at)
        assert match is not None
        parts.append(re.sub(r"\\(.)", r"\1", match[0]))
        at = match.end() + 1
        if at > len(text):
            return parts
        if text[at - 1] != ":":
            raise BadListen(f"{text!r}: a backslash at the end")


def _number(text: str, digits: str) -> int:
    if not _NUMBER.fullmatch(digits) or int(digits) > 65535:
        raise BadListen(f"{text!r}: {digits!r} is no number up to 65535")
    return int(digits)
