"""By what a URI names this gateway, and nobody behind it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cpmgw.sip.uri import SipUri, Uri, unescape


class OwnNames(msgspec.Struct, frozen=True):
    """The hosts that this gateway is known by, in lower case, and its own user there.

    An empty `user` is none: then only URIs without a user name the gateway.
    """

    hosts: frozenset[str]
    user: str = ""

    def has(self, uri: Uri) -> bool:
        """Whether a URI names the gateway itself; its port tells nothing."""
        if not isinstance(uri, SipUri) or _plain(uri.host) not in self.hosts:
            return False
        return not uri.user or unescape(uri.user) == self.user


def own_names(hosts: Iterable[str], address: Uri) -> OwnNames:
    """The names of a gateway with these hosts, and a SIP URI as its own address."""
    known, user = list(hosts), ""
    if isinstance(address, SipUri):
        known.append(address.host)
        user = unescape(address.user or "")
    return OwnNames(frozenset(_plain(each) for each in known if each), user)


def _plain(host: str) -> str:
    """A host without the brackets of an IPv6 address, which aliases may lack."""
    return host.strip("[]").lower()
