"""What an MSRP node is told: where it listens, its relay, and what it bears."""

from __future__ import annotations

import msgspec

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.msrp.bounds import ChunkSize, Count, Seconds
from cpmgw.msrp.parser import Limits
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.sending import SendLimits


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen; `key`, `certificate` and `chain` are PEM files of TLS."""

    port: int = 2855
    interface: str = ""
    backlog: int = 50
    secure: bool = False
    key: str = ""
    certificate: str = ""
    chain: str = ""


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """The relay that peers reach us by (RFC 4976), and who we are to it.

    `expires` are the seconds that are asked for, 0 for what the relay likes; `chunk`
    the octets of the longest chunk that it hands on.
    """

    uri: str
    username: str = ""
    password: str = ""
    expires: int = 0
    chunk: ChunkSize = 8192

    def __repr__(self) -> str:
        return f"<Relay {self.uri!r}>"  # no password in a log


class MsrpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a node behaves; times in seconds, sizes in octets.

    `host` is what URIs and SDP name where the bound address says nothing. Large bodies
    go to files below `spool`. There may be `sessions` sessions, `connections` accepted
    connections, and of those that no session uses, yet or any more, `unbound` in all
    and `unbound_per_host` from one IPv4 address or one IPv6 network of 64 bits: past
    any of these the one of them that has waited longest is closed.

    `setup_timeout` is how long a session that has begun may be without a connection
    and a connection without a session; `connect_timeout` how long connecting may take;
    `chunk_timeout` how long a peer may be silent within a frame, or read nothing.
    `unanswered` bounds the messages of a session that its user has at a time, `waiting`
    those behind them; at that reading pauses, for `chunk_timeout` at the most, and then
    more are refused. `queue` and `queue_octets` bound those that it has to send, and
    `buffered` the answers that a peer may leave unread. `max_size` is the largest
    message that is taken, and `max_chunk` the largest chunk in kilobytes that is agreed
    on (conversation TS 5.2.1.1), 0 to agree on none.
    """

    listen: Listen | None = None
    host: str = ""
    relay: Relay | None = None
    trust_roots: tuple[str, ...] = ()
    spool: str = "var/msrp"
    sessions: Count = 10_000
    connections: Count = 5_000
    unbound: Count = 500
    unbound_per_host: Count = 100
    setup_timeout: Seconds = 30.0
    connect_timeout: Seconds = 5.0
    chunk_timeout: Seconds = 30.0
    closing_timeout: Seconds = 5.0
    unanswered: Count = 16
    waiting: Count = 256
    queue: Count = 100
    queue_octets: Count = 64 * 1024 * 1024
    buffered: Count = 256 * 1024
    max_chunk: int = 1_024
    limits: Limits = Limits()
    reception: ReceptionLimits = ReceptionLimits()
    sending: SendLimits = SendLimits()
    storage: SpoolLimits = SpoolLimits()

    @property
    def max_size(self) -> int:
        """The octets of the largest message that is taken."""
        return self.reception.max_size
