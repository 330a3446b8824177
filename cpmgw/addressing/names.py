"""Alphanumeric addresses of SMS, and the CPM users that they stand for (SMPP TON 5)."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

import msgspec

from cpmgw.addressing.emergency import calls_for_help
from cpmgw.addressing.settings import NamedUser
from cpmgw.cpm.identity import NCCSID, e164_of, subscriber_of
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import SipUri, parse_uri, unescape

# An alphanumeric address has room for 11 septets (3GPP TS 23.040 9.1.2.5).
MOST_CHARACTERS: Final = 11

# What GSM 03.38 holds in one septet and SMPP's octet strings name alike, in ASCII.
_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    " !\"#$%&'()*+,-./:;<=>?@_"
)

# Who has this name is hidden (RFC 3323 4.1.1.3), and is nobody that could be named.
_ANONYMOUS: Final = "anonymous"
# What does not say who a user is, but sends a request elsewhere or makes another of it
# (RFC 3261 19.1.1), or marks a user of another service (TS App. D).
FOREIGN: Final = ("maddr", "method", "ttl", NCCSID)

UserKey = tuple[str, str]


class Listed(msgspec.Struct, frozen=True):
    """One line of the table of names: both sides, and what to show."""

    name: str
    uri: SipUri
    display: str = ""


def is_name(text: str) -> bool:
    """Whether a text can be an alphanumeric address, as it is.

    One without any letter would be taken for a number.
    """
    return (
        len(text) <= MOST_CHARACTERS
        and text == text.strip(" ")
        and _CHARACTERS.issuperset(text)
        and any(each.isalpha() for each in text)
        and text.casefold() != _ANONYMOUS
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


def uri_of_number(text: str, number: str) -> SipUri | None:
    """The SIP URI that a directory gives for an E.164 number, None for a text of none.

    Nor is it one that names another telephone, or calls for help: who is asserted has
    one number. It comes without what is `FOREIGN` to a user.
    """
    uri = user_uri(text)
    if uri is None or calls_for_help(uri):
        return None
    if subscriber_of(uri) is not None and e164_of(uri) != number:
        return None
    own = [each for each in uri.parameters if unescape(each[0]).lower() not in FOREIGN]
    return msgspec.structs.replace(uri, parameters=tuple(own))


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
