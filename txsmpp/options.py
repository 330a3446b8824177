"""What the user of a client or server chooses, as values; times are in seconds."""

from __future__ import annotations

from typing import Literal

import msgspec

from txsmpp.constants import VERSION_3_4
from txsmpp.events import SessionOptions

Mode = Literal["transceiver", "transmitter", "receiver"]


class Bind(msgspec.Struct, frozen=True, kw_only=True):
    """How an ESME introduces itself (4.1)."""

    system_id: str
    password: str
    mode: Mode = "transceiver"
    system_type: str = ""
    interface_version: int = VERSION_3_4
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""

    def __repr__(self) -> str:
        """Without the password: values are shown in logs and tracebacks."""
        return f"<Bind {self.mode} as {self.system_id!r}>"


class TlsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the peer of a TLS connection is checked; files are PEM.

    `authority` holds the certificates that are trusted (empty: the platform's),
    `certificate` and `key` what this end shows (empty: nothing), `hostname` the name
    that the peer's certificate must have (empty: the host connected to).
    """

    authority: str = ""
    certificate: str = ""
    key: str = ""
    hostname: str = ""


class ClientOptions(SessionOptions, frozen=True, kw_only=True):
    """Limits of an `EsmeClient`.

    `queue` and `queue_time` bound what waits to be sent. `rate` is requests a second
    over all binds, 0 for no limit. A connection is tried again after `backoff_initial`
    times 1.5 for each failure, `backoff_maximum` at most, with up to `backoff_jitter`
    added; after a refused bind `refused_delay` is waited. After ESME_RTHROTTLED or
    ESME_RMSGQFUL sending pauses for `throttle_initial`, twice that the next time and
    `throttle_maximum` at most; a request that is still refused `throttle_limit` after
    the first time is given back with that answer. `linger` is how long a connection
    that is being closed may take.
    """

    queue: int = 10_000
    queue_time: float = 30.0
    rate: float = 0.0
    backoff_initial: float = 1.0
    backoff_maximum: float = 60.0
    backoff_jitter: float = 1.0
    refused_delay: float = 60.0
    throttle_initial: float = 0.1
    throttle_maximum: float = 10.0
    throttle_limit: float = 60.0
    linger: float = 5.0


class ServerOptions(SessionOptions, frozen=True, kw_only=True):
    """Limits of an `SmscFactory`.

    `system_id` is what the SM-SC calls itself, `sessions` how many connections there
    may be, `queue` and `queue_time` bound what waits to be delivered on one. Beyond
    `rate` requests a second on one session, 0 for no limit, they are answered
    ESME_RTHROTTLED.
    """

    system_id: str = "txsmpp"
    interface_version: int = VERSION_3_4
    sessions: int = 1_000
    queue: int = 10_000
    queue_time: float = 30.0
    rate: float = 0.0
    linger: float = 5.0
