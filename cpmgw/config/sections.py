"""The sections of the configuration, as values.

etc/cpmgw.toml says of each key what it does. Times are in seconds, sizes in octets.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.addressing.settings import (
    DialPlanSettings,
    DirectoryEntry,
    EnumSettings,
)
from cpmgw.bodies.spool import SpoolLimits
from cpmgw.config.kinds import (
    Count,
    Host,
    MediaRange,
    Name,
    Octet,
    OptionalHost,
    Port,
    Prefix,
    Seconds,
    Section,
    SessionInterval,
)
from cpmgw.config.mail import AdaptationConfig, Mm4Config, MmscConfig
from cpmgw.config.number_ranges import Range, range_of
from cpmgw.msrp.bounds import ChunkSize
from cpmgw.msrp.parser import Limits as MsrpLimits
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.sending import SendLimits
from cpmgw.policy import Policy
from cpmgw.policy.selection import KindName, ServiceName
from cpmgw.sip.parser import Limits as SipLimits
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transaction.machine import Timing
from txsmpp.framer import DEFAULT_LIMIT
from txsmpp.text.message_id import IdForm
from txsmpp.text.policy import Segmentation, TextPolicy

# What a service has of the time for a request.
_OF_HANDLER = 0.9
LOOPBACK = ("udp:5060:interface=127.0.0.1", "tcp:5060:interface=127.0.0.1")


class GatewayConfig(Section, frozen=True, kw_only=True):
    """[gateway]: the node."""

    domain: Annotated[
        str,
        msgspec.Meta(pattern=r"\A[A-Za-z0-9.-]+\Z", description="a domain name"),
    ]
    profile: str = "oma"
    state: str = "sqlite:var/cpmgw.sqlite"
    country: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A([A-Z]{2})?\Z",
            description='the two letters of a country ("CA") or empty',
        ),
    ] = ""


class LoginConfig(Section, frozen=True, kw_only=True):
    """A user name with its password (RFC 3261 22)."""

    username: Annotated[str, msgspec.Meta(min_length=1)]
    password: str = ""
    password_file: str = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.username!r}>"  # no password in a log


class UserConfig(LoginConfig, frozen=True, kw_only=True):
    """[[sip.users]]: who may authenticate to us, and whom it may speak for."""

    numbers: tuple[Prefix, ...] = ()


class CredentialsConfig(LoginConfig, frozen=True, kw_only=True):
    """[[sip.credentials]]: who we are to others; an empty realm is any."""

    realm: str = ""


class SipConfig(Section, frozen=True, kw_only=True):
    """[sip]: the CPM side."""

    listen: tuple[str, ...] = LOOPBACK
    host: OptionalHost = ""
    aliases: tuple[str, ...] = ()
    next_hop: str = ""
    trusted: tuple[str, ...] = ("127.0.0.0/8",)
    address: str = ""
    participating_function: str = ""
    transactions: Count = 200_000
    pending: Count = 5_000
    pending_octets: Count = 64 * 1024 * 1024
    ringing: Count = 5_000
    handler_timeout: Seconds = 30.0
    session_expires: SessionInterval = 1_800
    min_se: SessionInterval = 90
    drain: float = 5.0
    addresses: Count = 4
    shun: float = 30.0
    datagram: Annotated[int, msgspec.Meta(ge=200, le=65_507)] = 1300
    realm: str = ""
    users: tuple[UserConfig, ...] = ()
    credentials: tuple[CredentialsConfig, ...] = ()
    limits: SipLimits = SipLimits()
    timing: Timing = Timing()
    connection: ConnectionSettings = ConnectionSettings()

    @property
    def patience(self) -> float:
        """Seconds after which a service has to have answered a request.

        So the handler of it is not cut short: that would say nothing of the message.
        """
        return _OF_HANDLER * self.handler_timeout


class MsrpRelayConfig(Section, frozen=True, kw_only=True):
    """[msrp.relay]: the relay that peers reach us by (RFC 4976)."""

    uri: str = ""
    username: str = ""
    password: str = ""
    password_file: str = ""
    expires: int = 0
    chunk: ChunkSize = 8192

    def __repr__(self) -> str:
        return f"<MsrpRelayConfig {self.uri!r}>"  # no password in a log


class MsrpConfig(Section, frozen=True, kw_only=True):
    """[msrp]: the messages of sessions (RFC 4975)."""

    listen: str = ""
    host: OptionalHost = ""
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
    max_chunk: Annotated[int, msgspec.Meta(ge=0)] = 1_024
    relay: MsrpRelayConfig = MsrpRelayConfig()
    limits: MsrpLimits = MsrpLimits()
    reception: ReceptionLimits = ReceptionLimits()
    sending: SendLimits = SendLimits()
    storage: SpoolLimits = SpoolLimits()

    @property
    def is_used(self) -> bool:
        """Whether there is MSRP, and with it sessions."""
        return bool(self.listen or self.relay.uri)


class SmscTlsConfig(Section, frozen=True, kw_only=True):
    """[smsc.tls]: TLS towards an SM-SC; all files are PEM."""

    enabled: bool = False
    authority: str = ""
    certificate: str = ""
    key: str = ""
    hostname: OptionalHost = ""


class SmscText(TextPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[smsc.text]: how one SM-SC takes text (TS Table 1: sar_*)."""

    segmentation: Segmentation = Segmentation.SAR
    max_segments: int = 20


class SmscConfig(Section, frozen=True, kw_only=True):
    """[[smsc]]: one SM-SC, and the binds to it (SMPP 3.4)."""

    name: Name
    host: Host
    port: Port = 2775
    system_id: Annotated[str, msgspec.Meta(max_length=15)]
    password: Annotated[str, msgspec.Meta(max_length=8)] = ""
    password_file: str = ""
    system_type: Annotated[str, msgspec.Meta(max_length=12)] = ""
    bind: Literal["transceiver", "transmitter", "receiver", "pair"] = "transceiver"
    binds: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    interface_version: Literal[0x33, 0x34, 0x50] = 0x34
    addr_ton: Octet = 0
    addr_npi: Octet = 0
    address_range: Annotated[str, msgspec.Meta(max_length=40)] = ""
    prefixes: tuple[Prefix, ...] = ()
    protocol_id: Octet = 0
    messaging_mode: Literal["store_and_forward", "default"] = "store_and_forward"
    window: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
    queue: Count = 10_000
    queue_time: Seconds = 10.0
    rate: float = 0.0
    response_timeout: Seconds = 10.0
    throttle_initial: Seconds = 0.1
    throttle_maximum: Seconds = 5.0
    throttle_limit: float = 10.0
    backoff_initial: Seconds = 1.0
    backoff_maximum: Seconds = 60.0
    refused_delay: Seconds = 60.0
    bind_timeout: Seconds = 30.0
    unbind_timeout: Seconds = 5.0
    enquire_link: float = 30.0
    inactivity: float = 0.0
    answer_timeout: Seconds = 60.0
    patience: Seconds = 10.0
    peer_window: Count = 100
    max_pdu: Annotated[int, msgspec.Meta(ge=1_024, le=1_048_576)] = DEFAULT_LIMIT
    response_id: IdForm = IdForm.AS_IS
    receipt_id: IdForm = IdForm.AS_IS
    unknown_ton: Literal["national", "international"] = "national"
    text: SmscText = SmscText()
    tls: SmscTlsConfig = SmscTlsConfig()

    def __repr__(self) -> str:
        return f"<SmscConfig {self.name!r}>"  # no password in a log


class IwfConfig(Section, frozen=True, kw_only=True):
    """[[iwf]]: an Interworking Function on another host, reached by SIP (TS 5.1)."""

    name: Name
    service: ServiceName
    uri: str
    kinds: tuple[KindName, ...] = (
        "pager",
        "large",
        "file",
        "session",
        "group",
        "notification",
    )
    addresses: Literal["number", "mailbox"] = "number"
    text_only: bool = False
    media: tuple[MediaRange, ...] = ("*",)
    assigns_originator: bool = False
    reports: bool = True


class XdmsConfig(Section, frozen=True, kw_only=True):
    """[xdms]: where users have said which service they prefer (TS 5.1 step 7)."""

    root: str = ""
    auid: Name = "org.openmobilealliance.access-rules"
    document: Name = "access-rules"
    actions: tuple[Name, ...] = (
        "preferred-delivery-mechanism",
        "preferred-delivery",
        "preferred-service",
    )
    asserted_identity: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A[A-Za-z0-9-]*\Z", description="the name of a header or empty"
        ),
    ] = "X-3GPP-Asserted-Identity"
    username: str = ""
    password: str = ""
    password_file: str = ""
    trust_roots: tuple[str, ...] = ()
    timeout: Seconds = 2.0
    concurrency: Count = 100
    max_size: Annotated[int, msgspec.Meta(ge=256, le=1_048_576)] = 65_536
    cache: int = 10_000
    cache_ttl: float = 300.0
    negative_ttl: float = 30.0
    stale: float = 3600.0

    def __repr__(self) -> str:
        return f"<XdmsConfig {self.root!r}>"  # no password in a log


class NumberPoolConfig(Section, frozen=True, kw_only=True):
    """[[number_pool]]: numbers that stand for group sessions (TS 5.1 step 7a)."""

    name: Name
    numbers: tuple[str, ...]
    services: tuple[Literal["SMS", "MMS"], ...] = ("SMS", "MMS")
    share: Literal["user", "none"] = "user"
    most_per_user: int = 100
    idle: float = 0.0

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The first and the last number of each range, without their plus signs."""
        return tuple([range_of(text) for text in self.numbers])


class WebConfig(Section, frozen=True, kw_only=True):
    """[web]: metrics and status pages, and who may see and do more."""

    listen: str = ""
    token: str = ""
    token_file: str = ""

    def __repr__(self) -> str:
        return f"<WebConfig {self.listen!r}>"  # no token in a log


class LimitsConfig(Section, frozen=True, kw_only=True):
    """[limits]: what the gateway as a whole bears."""

    answers: Count = 200_000
    store_queue: Count = 10_000
    trace: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 1_000


class LogConfig(Section, frozen=True, kw_only=True):
    """[log]: what is written to the log."""

    level: Literal["debug", "info", "warn", "error"] = "info"


class Config(Section, frozen=True, kw_only=True):
    """A whole configuration without faults."""

    gateway: GatewayConfig
    sip: SipConfig = SipConfig()
    msrp: MsrpConfig = MsrpConfig()
    smsc: tuple[SmscConfig, ...] = ()
    mmsc: tuple[MmscConfig, ...] = ()
    mm4: Mm4Config = Mm4Config()
    adaptation: AdaptationConfig = AdaptationConfig()
    iwf: tuple[IwfConfig, ...] = ()
    number_pool: tuple[NumberPoolConfig, ...] = ()
    xdms: XdmsConfig = XdmsConfig()
    web: WebConfig = WebConfig()
    dial_plan: DialPlanSettings = DialPlanSettings()
    directory: tuple[DirectoryEntry, ...] = ()
    enum: EnumSettings = EnumSettings()
    policy: Policy = Policy()
    limits: LimitsConfig = LimitsConfig()
    log: LogConfig = LogConfig()

    @property
    def mm4_domain(self) -> str:
        """Our domain in addresses of MM4."""
        return self.mm4.domain or self.gateway.domain

    @property
    def mail_host(self) -> str:
        """The name of this host towards relays (RFC 5321 4.1.1.1)."""
        return self.mm4.host or self.gateway.domain

    @property
    def iwf_address(self) -> str:
        """The IWF's own address in events (TS 6.2.3.2 step 2)."""
        return self.sip.address or f"sip:CPM-IWF@{self.gateway.domain}"

    @property
    def participating_function(self) -> str:
        """Where events are sent (TS 6.2.3.2 step 3)."""
        return self.sip.participating_function or f"sip:CPM-PF@{self.gateway.domain}"
