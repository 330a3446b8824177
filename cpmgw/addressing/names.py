"""Alphanumeric addresses of SMS, and the CPM users that they stand for (SMPP TON 5)."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

import msgspec

from cpmgw.addressing.settings import NamedUser
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import SipUri, parse_uri, unescape

# An alphanumeric address has room for 11 septets (3GPP TS 23.040 9.1.2.5).
MOST_CHARACTERS: Final = 11

# What GSM 03.38 holds in one septet and SMPP's octet strings name alike, in ASCII.
_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    " !\"#$%&'()*+,-./:;<=>?@_"
)

UserKey = tuple[str, str]


class Listed(msgspec.Struct, frozen=True):
    """One line of the table of names: both sides, and what to show."""

    name: str
    uri: SipUri
    display: str = ""


def is_name(text: str) -> bool:
    """Whether a text can be an alphanumeric address, as it is."""
    return (
        0 < len(text) <= MOST_CHARACTERS
        and text == text.strip(" ")
        and _CHARACTERS.issuperset(text)
    )


def user_key(uri: SipUri) -> UserKey | None:
    """The user of a SIP URI, without what does not tell one from another; or None."""
    if not uri.user:
        return None
    return unescape(uri.user), uri.host.lower()


def user_uri(text: str) -> SipUri | None:
    """The SIP URI of a user, None for a text that is none (or has headers)."""
    try:
        uri = parse_uri(text)
    except SipSyntaxError:
        return None
    if not isinstance(uri, SipUri) or not uri.user or uri.password or uri.headers:
        return None
    return uri


class NameTable:
    """Names and the users they stand for, looked up from both sides; immutable."""

    def __init__(self, users: Iterable[NamedUser] = ()) -> None:
        by_name: dict[str, Listed] = {}
        by_user: dict[UserKey, Listed] = {}
        for user in users:
            uri = user_uri(user.uri)
            key = user_key(uri) if uri is not None else None
            if uri is None or key is None:
                raise ValueError(f"{user.uri!r} is no SIP URI of a user")
            listed = Listed(user.name, uri, user.display)
            by_name.setdefault(user.name.casefold(), listed)
            by_user.setdefault(key, listed)
        self._by_name = MappingProxyType(by_name)
        self._by_user = MappingProxyType(by_user)

    def of_name(self, name: str) -> Listed | None:
        """The line of a name, whatever its case."""
        return self._by_name.get(name.casefold())

    def of_user(self, uri: SipUri) -> Listed | None:
        """The line of a user, whatever the parameters of its URI."""
        key = user_key(uri)
        return None if key is None else self._by_user.get(key)
