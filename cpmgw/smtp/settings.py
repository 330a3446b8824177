"""How SMTP behaves: towards a relay, and where mail comes in."""

from __future__ import annotations

from enum import Enum

import msgspec


class TlsMode(Enum):
    """Whether a connection to a relay becomes one of TLS (RFC 3207)."""

    NONE = "none"
    STARTTLS = "starttls"
    REQUIRE = "require"


class ClientTls(msgspec.Struct, frozen=True, kw_only=True):
    """TLS towards a relay; files are PEM.

    Its certificate is checked by the `authority`, or by those of the platform, for the
    `hostname` or the host that was connected to; where TLS is not required and there is
    no authority, it is not checked (RFC 7435: better than nothing).
    """

    mode: TlsMode = TlsMode.STARTTLS
    authority: str = ""
    certificate: str = ""
    key: str = ""
    hostname: str = ""

    @property
    def is_checked(self) -> bool:
        """Whether TLS is with the relay, and not with whoever answers."""
        return self.mode is TlsMode.REQUIRE or (
            self.mode is TlsMode.STARTTLS and bool(self.authority)
        )


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How mail goes to one relay, or to the relays of a domain.

    Without a `host` the MX of the `domain` is looked up (RFC 5321 5.1). At EHLO we are
    `own_name`. There are `connections` at the most, each kept for `idle_timeout` after
    its last mail and used for `mails_per_connection` (0 is any number). `queue` mails
    and `queue_octets` of theirs may wait, each for `queue_time` until it begins to go
    out; times are seconds. `data_timeout` is for each piece of a mail, `end_timeout`
    for the answer to all of it. A time-out of 0 is none.
    """

    domain: str = ""
    host: str = ""
    port: int = 25
    own_name: str = "localhost"
    username: str = ""
    password: str = ""
    connections: int = 4
    mails_per_connection: int = 0
    queue: int = 1_000
    queue_octets: int = 256 * 1024 * 1024
    queue_time: float = 10.0
    connect_timeout: float = 10.0
    command_timeout: float = 30.0
    data_timeout: float = 180.0
    end_timeout: float = 600.0
    idle_timeout: float = 60.0
    backoff_initial: float = 1.0
    backoff_maximum: float = 60.0
    tls: ClientTls = ClientTls()

    def __repr__(self) -> str:
        return f"<RelaySettings {self.host or self.domain!r}>"  # no password in a log


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How mail comes in at one port.

    `listen` is a Twisted endpoint string; `own_name` what the greeting says. Only hosts
    in the networks of `peers` are let in. A mail has `max_size` octets and `recipients`
    recipients at the most, a connection `mails_per_connection` mails (0 is any number)
    and `errors_per_connection` commands that are refused. Times are seconds. `drain` is
    how long mails in hand have for their end when the port closes. Whoever
    `honours_dsn` sends notifications as RFC 3461 and RFC 2852 have it: both are offered
    then; parameters of the former are taken all the same.
    """

    listen: str
    own_name: str
    peers: tuple[str, ...]
    max_size: int = 10 * 1024 * 1024
    recipients: int = 100
    connections: int = 100
    connections_per_peer: int = 20
    mails_per_connection: int = 0
    errors_per_connection: int = 20
    command_timeout: float = 300.0
    data_timeout: float = 180.0
    drain: float = 5.0
    accepts_bare_newlines: bool = False
    honours_dsn: bool = False
    certificate: str = ""
    key: str = ""
    requires_tls: bool = False
