"""Users as an XDMS knows them: XCAP User Identifiers (RFC 4825 6), and who is who."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

import msgspec

from cpmgw.cpm.identity import e164_of
from cpmgw.sip.errors import SipError
from cpmgw.sip.uri import AbsoluteUri, SipUri, TelUri, Uri, parse_uri

# Who hides says so in the host part (RFC 3323 4.1.1.3).
ANONYMOUS_HOST: Final = "anonymous.invalid"
# Of a tel URI, this parameter is part of who is meant (RFC 3966 5.1.5).
PHONE_CONTEXT: Final = "phone-context"
_CONTEXT: Final = re.compile(r"\+?[A-Za-z0-9.-]+")


class Person(msgspec.Struct, frozen=True):
    """A user to compare with those that a rule names.

    `key` is the E.164 number, or the URI without what does not identify; "" is nobody.
    `domain` is the host of a SIP URI in lower case, "" where there is none.
    """

    key: str = ""
    domain: str = ""
    is_anonymous: bool = False


def xui_of(user: str) -> str:
    """The XCAP User Identifier of a SIP, SIPS or tel URI; "" where it is none.

    Parameters and headers are left out, such as user=phone and nccsid: they say how a
    user is reached. The host is in lower case.
    """
    uri = _parsed(user)
    if isinstance(uri, SipUri) and uri.user:
        port = "" if uri.port is None else f":{uri.port}"
        return f"{uri.scheme}:{uri.user}@{uri.host.lower()}{port}"
    if isinstance(uri, TelUri):
        context = uri.parameter(PHONE_CONTEXT)
        if context is None:
            return f"tel:{uri.number}"
        if _CONTEXT.fullmatch(context):
            return f"tel:{uri.number};{PHONE_CONTEXT}={context.lower()}"
    return ""


def document_url(root: str, auid: str, xui: str, document: str) -> str:
    """Where a user's document is: {root}/{auid}/users/{xui}/{document} (RFC 4825 6.2).

    The identifier is one segment of the path: whatever has a meaning there is encoded.
    """
    return f"{root.rstrip('/')}/{auid}/users/{quote(xui, safe='')}/{document}"


def person_of(user: str) -> Person:
    """Who a URI stands for; nobody where it is none, or where there is no URI."""
    if not user:
        return Person(is_anonymous=True)
    uri = _parsed(user)
    if uri is None or isinstance(uri, AbsoluteUri):
        return Person()
    domain = uri.host.lower() if isinstance(uri, SipUri) else ""
    if domain == ANONYMOUS_HOST:
        return Person(is_anonymous=True)
    return Person(key=e164_of(uri) or xui_of(user), domain=domain)


def _parsed(user: str) -> Uri | None:
    try:
        return parse_uri(user)
    except SipError:
        return None
