"""What an endpoint is told: where it listens, whom it trusts, what it bears."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.sip.digest import Account
from cpmgw.sip.parser import Limits
from cpmgw.sip.transaction.machine import Timing


class Login(msgspec.Struct, frozen=True):
    """A user name and password for one realm; "" is any realm (RFC 3261 22)."""

    username: str
    password: str
    realm: str = ""


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What TCP and TLS connections are held to; times in seconds, sizes in octets.

    `connections` bounds those from elsewhere and those made here, each; `per_host`
    those from one IPv4 address or one IPv6 network of 64 bits; `answers` those made
    for an answer whose own is gone (RFC 3261 18.2.2). Past either, the one that was
    idle longest is ended. `pending` bounds the requests that one connection may have
    in work before reading pauses, those that ring aside; `buffered` what may wait to be
    written before the connection is given up; `keepalive` how often a double CRLF is
    sent on connections made for requests (RFC 5626 4.4.1), 0 for never. `trust_roots`
    are PEM files; none means those of the platform.
    """

    connections: int = 1000
    per_host: int = 200
    answers: int = 50
    pending: int = 1000
    buffered: int = 4 * 1024 * 1024
    idle: float = 900.0
    keepalive: float = 120.0
    connect_timeout: float = 5.0
    trust_roots: tuple[str, ...] = ()


# What an endpoint may be told anew while it runs.
CHANGEABLE: Final = frozenset({"trusted", "users", "logins", "retry_after"})


class EndpointSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint behaves; times in seconds.

    `listen` are strings such as "udp:5060:interface=127.0.0.1"; `host` is what Via and
    Warning name where the bound address says nothing; `aliases` are further hosts that
    name this endpoint in a Route, each perhaps with a port; `next_hop` a SIP URI;
    `trusted` the networks whose asserted identities count (RFC 3325). `transactions`
    bounds all transactions, `pending` the handlers at work and `pending_octets` the
    requests that these hold; one request may be past it. Handlers that took over
    (`ServerLeg.when_cancelled`) are counted apart: no more INVITEs are let in once
    `ringing` of them wait, or as many octets again. `users` turns digest authentication
    on for peers that are not trusted, `logins` answer challenges. `addresses`
    bounds how many addresses one request is tried at, `shun` is how long one that
    failed is tried last. `timer_c` is how long a proxied INVITE may be without a
    provisional response (RFC 3261 16.6 step 11: more than three minutes).
    """

    listen: tuple[str, ...] = ()
    host: str = ""
    aliases: tuple[str, ...] = ()
    next_hop: str = ""
    trusted: tuple[str, ...] = ()
    limits: Limits = Limits()
    timing: Timing = Timing()
    connection: ConnectionSettings = ConnectionSettings()
    transactions: int = 200_000
    pending: int = 5_000
    pending_octets: int = 64 * 1024 * 1024
    ringing: int = 5_000
    retry_after: int = 5
    handler_timeout: float = 30.0
    invite_timeout: float = 180.0
    timer_c: float = 181.0
    drain: float = 5.0
    addresses: int = 4
    shun: float = 30.0
    datagram: int = 1300
    realm: str = ""
    users: tuple[Account, ...] = ()
    logins: tuple[Login, ...] = ()
    supported: tuple[str, ...] = ()
    accept: tuple[str, ...] = ("message/cpim", "text/plain")
    server: str = ""
    user_agent: str = ""

    def differences(self, other: EndpointSettings) -> frozenset[str]:
        """The names of the settings that are not the same in both."""
        return frozenset(
            [
                name
                for name in self.__struct_fields__
                if getattr(self, name) != getattr(other, name)
            ]
        )
